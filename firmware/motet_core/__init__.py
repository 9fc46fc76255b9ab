# SPDX-License-Identifier: Apache-2.0
"""The device core of Motet: one source for MicroPython on microcontrollers and CPython on Linux."""

VERSION = "0.1.0"
