#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renode's keywords on QEMU for an unmodified renode-test, which wants a program in a folder:

    renode-test --runner none --robot-framework-remote-server-full-directory "$PWD/tools" \\
        --robot-framework-remote-server-name robot_server.py renode/suites/boot.robot
"""

from motet.emulate.keywords.remote import main

if __name__ == "__main__":
    main()
