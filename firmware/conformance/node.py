# SPDX-License-Identifier: Apache-2.0
"""The device core with the fixture, as a process with the core's own options: motet-edge node.py --stdio."""

import sys

from motet_conformance.provider import Conformance

from motet_core.__main__ import main

main(sys.argv[1:], (Conformance,))
