# SPDX-License-Identifier: Apache-2.0
"""Says quickly of nearly all good arguments that they are good: most tools take a few plain values.

A JSON Schema validator takes ten times as long for the same answer. It is asked where this cannot be sure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

Fits = Callable[[Mapping[str, Any]], bool]

_KINDS: dict[str, frozenset[type]] = {
    "integer": frozenset((int,)),
    "number": frozenset((int, float)),
    "string": frozenset((str,)),
    "boolean": frozenset((bool,)),
}
_NUMBERS, _RANGED = ("integer", "number"), frozenset((int, float))
# What says nothing about which values are valid.
_TOLD = frozenset(("title", "description", "default", "examples", "x-mcp-header", "$comment"))
_OBJECT = frozenset(("type", "properties", "required", "additionalProperties")) | _TOLD
_VALUE = frozenset(("type", "minimum", "maximum")) | _TOLD
_Value = tuple[frozenset[type], float, float]


def compile_fits(schema: Mapping[str, Any]) -> Fits | None:
    """A function that is True for arguments only if they are valid under `schema`, a JSON Schema for an object; None when the
    schema says more than which plain values there are, of which type and range."""
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    if not schema.keys() <= _OBJECT or not isinstance(others, bool):
        return None
    values = {name: _value(one) for name, one in properties.items()}
    if None in values.values():
        return None
    return _fits(values, tuple(schema.get("required", ())), others)


def _value(schema: Any) -> _Value | None:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS or not schema.keys() <= _VALUE:
        return None
    # Ranges are for numbers; anything else may have any.
    numbers = kind in _NUMBERS
    return _KINDS[kind], schema.get("minimum", -inf) if numbers else -inf, schema.get("maximum", inf) if numbers else inf


def _fits(values: Mapping[str, _Value | None], required: tuple[str, ...], others: bool) -> Fits:
    def fits(arguments: Mapping[str, Any]) -> bool:
        for name in required:
            if name not in arguments:
                return False
        for name, value in arguments.items():
            known = values.get(name)
            if known is None:
                if others:
                    continue
                return False
            kinds, least, most = known
            kind = type(value)
            if kind not in kinds or (kind in _RANGED and not least <= value <= most):
                return False
        return True

    return fits
