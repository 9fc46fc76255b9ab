# SPDX-License-Identifier: Apache-2.0
"""Motet's host side: gateway, bridge, emulators and command line around fleets of small devices."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("motet")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
