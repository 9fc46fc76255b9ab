# SPDX-License-Identifier: Apache-2.0
"""What hostile devices begin with: things that a device may say, before they are damaged."""

from __future__ import annotations

from typing import Any

from tests.support.fuzz_damage import ODD
from tests.support.sim_device import ECHO

from motet.wire import Json, packed
from motet_core.wire.catalogue import hash_lists

# In the place of fields of a presence record.
FIELDS: list[Any] = [0, 1, 27, 512, 2**31, 2**40, -1, "", "x" * 500, "\x1b[31m", "someone", None, [], {}, 1.5, b""]
LARGE = [70_000, 300_000]
NOTIFICATIONS: list[Json] = [
    {"method": "notifications/message", "params": {"level": "info", "logger": "x", "data": "said"}},
    {"method": "notifications/message", "params": {"level": "warning", "logger": "x", "data": {"denied": "x", "count": 1}}},
    {"method": "notifications/resources/updated", "params": {"uri": "test://x"}},
    {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 1, "total": 2}},
    {"method": "motet/message", "params": {"topic": "t", "from": "x", "data": "aGk="}},
    {"method": "motet/subscriptions", "params": {"topics": ["t"]}},
    {"method": "notifications/tools/list_changed", "params": {}},
]
ENTRY: Json = {
    **ECHO,
    "name": "sim.other",
    "outputSchema": {"type": "object"},
    "annotations": {"readOnlyHint": True},
    "icons": [{"src": "x"}],
}
_LISTS: dict[str, Json] = {
    "resources/list": {"resources": [{"uri": "test://x", "name": "x"}]},
    "resources/templates/list": {"resourceTemplates": [{"uriTemplate": "test://{id}", "name": "t"}]},
    "prompts/list": {"prompts": [{"name": "p", "arguments": [{"name": "a"}]}]},
}
OFFERS = hash_lists([[packed.pack(entry) for entry in entries] for one in _LISTS.values() for entries in one.values()])
# Results by method.
ANSWERS: dict[str, Json] = {
    **_LISTS,
    "resources/read": {"contents": [{"uri": "test://x", "text": "said"}]},
    "prompts/get": {"messages": [{"role": "user", "content": {"type": "text", "text": "said"}}]},
    "completion/complete": {"completion": {"values": ["a"]}},
}
# What can be said in CBOR.
SENT_ODD = [one for one in ODD if not isinstance(one, str) or one.isascii()]
