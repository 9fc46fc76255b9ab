# SPDX-License-Identifier: Apache-2.0
"""Artifacts on their way to the device: one of each kind at a time, forgotten when nobody goes on with it."""

from motet_core import platform
from motet_core.artifact_params import UINT32, uint
from motet_core.errors import Busy, NotFound

_IDLE_MS = 30000


class Transfer:
    """`params`: what was announced; `stage`: where the bytes go; `vouched`: whether a gateway said so; `grant`: bytes or None."""

    def __init__(self, number, params, stage, vouched, grant):
        self.number = number
        self.params = params
        self.stage = stage
        self.vouched = vouched
        self.grant = grant
        self.at = platform.clock_ms()


class Transfers:
    def __init__(self):
        self._open = {}
        self._next = 1

    def of(self, kind):
        """The open transfer of a kind, or None."""
        return self._open.get(kind)

    def add(self, params, stage, vouched, grant):
        transfer = self._open[params["kind"]] = Transfer(self._next, params, stage, vouched, grant)
        self._next += 1
        return transfer

    def named(self, params):
        """The one that a request's field `transfer` means. NotFound."""
        number = uint(params, "transfer", 1, UINT32)
        for kind in self._open:
            if self._open[kind].number == number:
                return self._open[kind]
        raise NotFound("no open transfer %d" % number)

    def make_room(self, wanted):
        """Ends what nobody goes on with. Busy when one of the same kind is left."""
        now = platform.clock_ms()
        for transfer in list(self._open.values()):
            if now - transfer.at >= _IDLE_MS:
                self.close(transfer)
            elif transfer.params["kind"] == wanted["kind"]:
                raise Busy("transfer of %s %s is open" % (wanted["kind"], transfer.params["name"]))

    def take(self, transfer):
        """It is about to be committed, and its stage the caller's."""
        del self._open[transfer.params["kind"]]

    def close(self, transfer):
        self.take(transfer)
        transfer.stage.abort()

    def close_all(self):
        for transfer in list(self._open.values()):
            self.close(transfer)
