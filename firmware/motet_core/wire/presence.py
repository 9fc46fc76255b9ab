# SPDX-License-Identifier: Apache-2.0
"""The retained record that says whether a device is there and what it speaks.

Records of one device are ordered by (nonce, sequence): the nonce is that of the first hello after boot, the sequence grows
with each record. The catalogue hash tells a gateway whether it knows the device's tools already, `offers` the same of its
resources and prompts (see catalogue.py). `messages` is 1 when components here take part in messages, so that a gateway asks only
such devices for their subscriptions; without it the device is an older one, which is to be asked.
"""

from motet_core.errors import WireError
from motet_core.wire import record

OFFLINE = 0
ONLINE = 1
ID_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_UINT32 = 0xFFFFFFFF

TABLE = (
    (0, "state", "uint", 0, 1, True),
    (1, "dictionary", "uint", 1, _UINT32, False),
    (2, "limit", "uint", 64, _UINT32, False),
    (3, "max_total", "uint", 64, _UINT32, False),
    (4, "catalogue", "bytes", 16, 16, False),
    (5, "firmware", "text", 1, 64, False),
    (6, "nonce", "bytes", 8, 8, True),
    (7, "sequence", "uint", 0, _UINT32, True),
    (8, "board", "text", 1, 32, False),
    (9, "id", "text", 1, 32, True),
    (10, "reset_reason", "text", 1, 32, False),
    (11, "offers", "bytes", 16, 16, False),
    (12, "messages", "uint", 0, 1, False),
)
# An online record tells everything; an offline one may come from a last will written before anything was known.
_ONLINE_NEEDS = ("dictionary", "limit", "max_total", "catalogue", "firmware", "board")


def valid_id(text):
    """Whether `text` may name a device or a gateway, and so stand in a topic."""
    return isinstance(text, str) and 1 <= len(text) <= 32 and all(c in ID_CHARACTERS for c in text)


def encode(**fields):
    """Fields by the names of TABLE -> bytes. WireError names the field."""
    _check(fields)
    return record.encode("presence", TABLE, fields)


def decode(data):
    """Bytes -> dict by the names of TABLE, absent ones None. WireError names the field."""
    fields = record.decode("presence", TABLE, data)
    _check(fields)
    return fields


def _check(fields):
    if fields.get("id") is not None and not valid_id(fields["id"]):
        raise WireError("presence: id holds a character other than A-Z a-z 0-9 _ -")
    if fields.get("state") == ONLINE:
        for name in _ONLINE_NEEDS:
            if fields.get(name) is None:
                raise WireError("presence: %s is missing" % name)
