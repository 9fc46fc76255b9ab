# SPDX-License-Identifier: Apache-2.0
"""Requests that are on their way through the device, and the answers that it still remembers."""

from motet_core.wire.cancel import cancel_key

_REMEMBERED = 16
_KEPT_REPLIES = 4
# A longer answer is remembered as given, without its bytes.
_KEPT_BYTES = 512


class Request:
    """A request on its way: `running` and `cancelled` are watched by whoever works on it."""

    def __init__(self, message, envelope, now):
        self.id = message["id"]
        self.method = message["method"]
        self.params = message.get("params", {})
        self.reply_to = envelope.reply_to
        self.deadline = None if envelope.expires_s is None else now + envelope.expires_s * 1000
        self.cancelled = False

    @property
    def identity(self):
        return (self.reply_to, self.id)

    @property
    def key(self):
        """What the link layer cancels this request by."""
        return cancel_key(self.reply_to, self.id)


class Replies:
    """The last requests by identity, with the bytes of the last few short answers (None: answered, bytes not kept)."""

    def __init__(self):
        self._order = []
        self._data = {}

    def __contains__(self, identity):
        return identity in self._data

    def get(self, identity):
        return self._data.get(identity)

    def add(self, identity, data):
        self._order.append(identity)
        self._data[identity] = data if data and len(data) <= _KEPT_BYTES else None
        if len(self._order) > _REMEMBERED:
            del self._data[self._order.pop(0)]
        if len(self._order) > _KEPT_REPLIES:
            self._data[self._order[-1 - _KEPT_REPLIES]] = None

    def forget_unrouted(self):
        """Ids without a gateway start again with each session of the link."""
        self._order = [identity for identity in self._order if identity[0] is not None]
        self._data = {identity: self._data[identity] for identity in self._order}


def valid_id(value):
    """Whether it may be the id of a request."""
    if isinstance(value, str):
        return len(value) <= 64
    return isinstance(value, int) and value is not True and value is not False
