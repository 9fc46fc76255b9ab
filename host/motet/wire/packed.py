# SPDX-License-Identifier: Apache-2.0
"""Packed messages through cbor2: the bytes and the refusals of `motet_core.wire.packed` at a fraction of the CPU time.

cbor2 alone is more liberal than the contract (longer heads, unsorted keys, tags, several encodings of one float). So
what it decoded is encoded again and must give the very bytes that came in: only the one canonical form passes.
"""

from __future__ import annotations

from typing import Any

import cbor2

from motet.wire.coding import Json, Unpacker, pack_tree
from motet_core.cbor import MAX_DEPTH
from motet_core.errors import WireError
from motet_core.wire.dictionary import EXPIRES_S, REPLY_TO
from motet_core.wire.packed import check_envelope


def _refuse_tag(*_: object) -> object:
    raise WireError("CBOR: tag")


# Refused while decoding: some would become numbers or text and look innocent later.
_REFUSED_TAGS = dict.fromkeys((*range(6), 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000), _refuse_tag)
_OPTIONS: dict[str, Any] = {
    "max_depth": MAX_DEPTH - 1,  # cbor2 counts from the first container on
    "allow_indefinite": False,
    "allow_duplicate_keys": False,
    "semantic_decoders": _REFUSED_TAGS,
    "tag_hook": _refuse_tag,
}


class Envelope:
    """Where the answer goes (text of 1 to 64 characters or None) and for how many seconds the request is wanted."""

    __slots__ = ("expires_s", "reply_to")

    def __init__(self, reply_to: str | None, expires_s: int | None) -> None:
        self.reply_to, self.expires_s = reply_to, expires_s


def dumps(message: Json, reply_to: str | None = None, expires_s: int | None = None) -> bytes:
    """JSON-RPC 2.0 object -> bytes. Raises WireError when it is none or holds what messages cannot."""
    if message.get("jsonrpc") != "2.0":
        raise WireError('message: "jsonrpc" is not "2.0"')
    top = pack_tree({key: value for key, value in message.items() if key != "jsonrpc"})
    if reply_to is not None or expires_s is not None:
        check_envelope(reply_to, expires_s)
        top |= {key: value for key, value in ((REPLY_TO, reply_to), (EXPIRES_S, expires_s)) if value is not None}
    return _encode(top)


def loads(data: bytes, binary: bool = False) -> tuple[Json, Envelope]:
    """Bytes -> (JSON-RPC object, Envelope). Byte strings become base64 text unless `binary`. Raises WireError."""
    top = _decode(data)
    if type(top) is not dict:
        raise WireError("message is not a map")
    if any(type(key) is float for key in top):
        # -1.0 would be found under -1.
        raise WireError("CBOR: map key is not text or integer")
    reply_to, expires_s = top.pop(REPLY_TO, None), top.pop(EXPIRES_S, None)
    if reply_to is not None or expires_s is not None:
        check_envelope(reply_to, expires_s)
    message = Unpacker(binary).map(top)
    if "jsonrpc" in message:
        raise WireError('message: "jsonrpc" is never sent')
    message["jsonrpc"] = "2.0"
    return message, Envelope(reply_to, expires_s)


def pack(value: object) -> bytes:
    """Any JSON value -> packed bytes, for catalogue entries."""
    return _encode(pack_tree(value))


def _encode(tree: object) -> bytes:
    try:
        return cbor2.dumps(tree, canonical=True)
    except UnicodeEncodeError as error:
        raise WireError("text is not Unicode") from error


def _decode(data: bytes) -> object:
    try:
        tree = cbor2.loads(data, **_OPTIONS)
    except (cbor2.CBORDecodeError, UnicodeError) as error:
        raise WireError(f"CBOR: {error}") from error
    if _encode(tree) != data:
        raise WireError("CBOR: not in the canonical form")
    return tree
