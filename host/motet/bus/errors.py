# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between this process and the broker.

BusError
├── BusOffline   not connected, and the caller did not want to wait
├── BusFull      more waits for the broker than this process is willing to hold
└── BusRefused   the broker said no: trying again does not help by itself
    └── GuardRefused  this process's own rules said no, before the broker was asked
"""


class BusError(Exception):
    """The base of all errors of the message bus."""


class BusOffline(BusError):
    """There is no connection to the broker."""


class BusFull(BusError):
    """The bounded queue towards the broker is full."""


class BusRefused(BusError):
    """Connection or subscription was refused."""


class GuardRefused(BusRefused):
    """The guard given to the bus does not allow the connection."""
