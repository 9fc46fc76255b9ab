# SPDX-License-Identifier: Apache-2.0
"""The parts of WASI that can be wanted and granted: `wasi = ["clocks", "random"]`, one entry of the grant for each."""

from __future__ import annotations

from motet_core import grant_limits

PREFIX = "wasi:"
NAME, NUMBER = "wasi", grant_limits.WASI
# 0.2.0 to 0.2.x only add: what this gateway lacks of a later one shows by name.
VERSION = "0.2"
GROUPS = ("clocks", "random", "stdio", "closed")
CLOCKS, RANDOM, STDIO, CLOSED = range(4)
DOCS = (
    "the wall clock, the monotonic clock, and waiting by it",
    "random bytes of this machine",
    "output as lines of the component's log, and an input that is at its end",
    "what runtimes import and need not have: no arguments, variables, folders, terminals or sockets, and exit ends the call",
)


def is_wasi(interface: str) -> bool:
    """Whether an interface is one of WASI, in any version."""
    return interface.startswith(PREFIX)


def unversioned(interface: str) -> str:
    """``wasi:io/poll`` for ``wasi:io/poll@0.2.9``."""
    return interface.partition("@")[0]


def fits(interface: str) -> bool:
    """Whether an interface has a version that is offered."""
    version = interface.partition("@")[2]
    return version.startswith(VERSION + ".") and version.removeprefix(VERSION + ".").isdigit()
