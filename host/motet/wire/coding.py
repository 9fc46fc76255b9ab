# SPDX-License-Identifier: Apache-2.0
"""Names and values of messages to dictionary numbers and back, on Python trees; the bytes are cbor2's part.

The rules are those of `motet_core.wire.packed`: a number as key says that the name, and for some names the value, is
coded; a text key says that nothing is. Every value is looked at, because cbor2 would also take what JSON cannot hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motet_core.cbor import MAX_DEPTH
from motet_core.errors import WireError
from motet_core.wire.dictionary import BASE64, KEYS, RAW, VALUES
from motet_core.wire.packed import from_base64, to_base64

Json = dict[str, Any]

_NUMBER: dict[str, int] = {name: number for number, name in enumerate(KEYS)}
_CODES: dict[str, dict[str, int]] = {name: {value: code for code, value in enumerate(values)} for name, values in VALUES}
_NAMES: dict[int, tuple[str, tuple[str, ...] | None, bool]] = {
    number: (name, dict(VALUES).get(name), name in RAW) for number, name in enumerate(KEYS)
}
_LEAVES = frozenset((str, int, float, bool, type(None)))
_TOP = (1 << 64) - 1


def pack_tree(value: object, depth: int = 0, raw: bool = False) -> Any:
    """JSON value (bytes allowed) -> tree with numbers for known names; `raw` trees keep their names. Raises WireError."""
    kind = type(value)
    if kind is dict:
        return _pack_map(value, _deeper(depth), raw)  # type: ignore[arg-type]
    if kind in _LEAVES:
        return _in_range(value) if kind is int else value
    if isinstance(value, Mapping):
        return _pack_map(value, _deeper(depth), raw)
    if isinstance(value, list | tuple):
        deeper = _deeper(depth)
        return [pack_tree(item, deeper, raw) for item in value]
    return _pack_rare(value)


def _pack_map(value: Mapping[Any, Any], depth: int, raw: bool) -> dict[int | str, Any]:
    out: dict[int | str, Any] = {}
    for key, item in value.items():
        if type(key) is not str:
            raise WireError("message keys must be text")
        number = None if raw else _NUMBER.get(key)
        if number is None:
            out[key] = item if type(item) is str else pack_tree(item, depth, raw)
        elif type(item) is str:
            out[number] = _code(key, item)
        elif key in _CODES and type(item) is int:
            out[key] = _in_range(item)
        else:
            out[number] = pack_tree(item, depth, key in RAW)
    return out


def _code(name: str, text: str) -> int | str | bytes:
    codes = _CODES.get(name)
    if codes is not None:
        return codes.get(text, text)
    if name in BASE64:
        data: bytes | None = from_base64(text)
        return text if data is None else data
    return text


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")
    return depth + 1


def _in_range(value: Any) -> Any:
    if not -1 - _TOP <= value <= _TOP:
        raise WireError("integer beyond 64 bits")
    return value


def _pack_rare(value: object) -> Any:
    """Byte strings, and subclasses such as IntEnum, reduced to what they are."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, int):
        return _in_range(int(value))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    raise WireError(f"cannot encode {type(value).__name__}")


class Unpacker:
    """Trees as decoded from CBOR -> JSON values; with `binary` byte strings stay, else they become base64 text."""

    __slots__ = ("_binary",)

    def __init__(self, binary: bool) -> None:
        self._binary = binary

    def value(self, value: Any, raw: bool = False) -> Any:
        """One value. Raises WireError for what has no place in a message."""
        kind = type(value)
        if kind in _LEAVES:
            return value
        if kind is dict:
            return self.raw_map(value) if raw else self.map(value)
        if kind is list:
            return [self.value(item, raw) for item in value]
        if kind is bytes:
            return value if self._binary else to_base64(value)
        raise WireError(f"CBOR: {kind.__name__} has no place in a message")

    def map(self, value: dict[Any, Any]) -> Json:
        """A map whose numbered keys are dictionary entries."""
        out: Json = {}
        for key, item in value.items():
            raw = False
            if type(key) is int:
                key, item, raw = _named(key, item)
            elif type(key) is not str:
                raise WireError("CBOR: map key is not text or integer")
            if key in out:
                raise WireError(f"CBOR: name {key} given twice")
            out[key] = item if type(item) is str else self.value(item, raw)
        return out

    def raw_map(self, value: dict[Any, Any]) -> Json:
        """A map of application data: its keys are text."""
        for key in value:
            if type(key) is not str:
                raise WireError("CBOR: numbered key inside application data")
        return {key: self.value(item, True) for key, item in value.items()}


def _named(number: int, item: Any) -> tuple[str, Any, bool]:
    known = _NAMES.get(number)
    if known is None:
        raise WireError(f"CBOR: unknown dictionary number {number}")
    name, values, raw = known
    if values is not None and type(item) is int:
        if not 0 <= item < len(values):
            raise WireError(f"CBOR: unknown value number {item} of {name}")
        item = values[item]
    return name, item, raw
