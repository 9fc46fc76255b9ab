# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F821  (include, package, module and options are given by MicroPython)
# What is frozen into the image: asyncio, the device core and the main module.
import os

# 2: without assertions; 3: without line numbers, too, which tell in a device's log where an error was.
options.defaults(opt=2)

# Parts of the core that only run as a process on a machine with an operating system.
HOSTED = ("__main__.py", "hosted.py", "port_mqtt.py", "port_stream.py", "port_stdio.py", "options.py", "sockets.py")
HOSTED += ("hal/linux.py", "mqtt/", "stdio/")
# The Canonical ABI's twin in Python, where the native one is.
TWIN = ("canonical_call.py", "canonical_lift.py", "canonical_lower.py", "canonical_types.py")


def core_files(folder):
    """Paths of the core's modules relative to its package, without the hosted ones."""
    paths = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".py")]
    return sorted(path for path in (os.path.relpath(path, folder) for path in paths) if not path.startswith((*HOSTED, *TWIN)))


include("$(MPY_DIR)/extmod/asyncio")
package("motet_core", files=core_files("../motet_core"), base_path="..", opt=options.opt)
module("main.py", base_path="$(MAIN_DIR)", opt=options.opt)
