# SPDX-License-Identifier: Apache-2.0
"""Every difference between the interpreters and boards, probed once and given one name."""

import sys

try:
    from binascii import crc32
except ImportError:
    from motet_native.frame import crc32  # noqa: F401

MICROPYTHON = sys.implementation.name == "micropython"
