# SPDX-License-Identifier: Apache-2.0
"""Private brokers for tests, and the way one comes back after a crash."""

from contextlib import contextmanager

from motet.bus import broker


class CrashableBroker:
    """A broker that can be killed and started again at the same address."""

    def __init__(self, kind="auto"):
        self._kind = kind
        self._broker = broker.start(kind)
        self.url = self._broker.url

    def kill(self):
        self._broker.kill()
        self._broker.stop()

    def start(self):
        self._broker = broker.start(self._kind, int(self.url.rpartition(":")[2]))

    def stop(self):
        self._broker.stop()


@contextmanager
def crashable(kind="auto"):
    """A CrashableBroker that is stopped at the end."""
    running = CrashableBroker(kind)
    try:
        yield running
    finally:
        running.stop()
