#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the suites of renode/ on every board that can: our emulators by default, Renode with --emulator renode.

    tools/robot.py [--board B]... [--suite S]... [--emulator motet|renode] [-j 2] [--output build/reports/robot] [--json]

Exit status: 0 all passed, 1 a test failed, 2 the emulator is missing.
"""
