# SPDX-License-Identifier: Apache-2.0
"""The wire contract as the host uses it: topics, presence and hello records, packed messages.

The formats themselves belong to the device core (`motet_core.wire`); this package gives them types and, where the
gateway's CPU time counts, a faster implementation with the same bytes.
"""

from motet.wire.coding import Json
from motet.wire.packed import Envelope, dumps, loads
from motet.wire.presence import Presence
from motet.wire.topics import Topics, new_gateway_id, valid_id
from motet_core.errors import WireError

__all__ = ["Envelope", "Json", "Presence", "Topics", "WireError", "dumps", "loads", "new_gateway_id", "valid_id"]
