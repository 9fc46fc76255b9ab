# SPDX-License-Identifier: Apache-2.0
"""hypothesis strategies of what a JSON Schema describes: the part of it that pydantic writes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Values = st.SearchStrategy[Any]

NAMES = ["", "a", "echo", "cursor", "name", "uri", "io.modelcontextprotocol/tasks", "test://x", "file:///etc/passwd", "../x"]
TEXTS = st.sampled_from(NAMES) | st.text(max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXTS
ANY = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6)
_DEEPEST = 7


def values(schema: Any, definitions: Json, depth: int = 0) -> Values:
    """Values that `schema` takes (bounds of numbers and lengths aside); deep ones are cut short by any value."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return ANY
    if "$ref" in schema:
        return values(definitions[schema["$ref"].rpartition("/")[2]], definitions, depth + 1)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return st.one_of([values(one, definitions, depth + 1) for one in schema[several]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _typed(schema, definitions, depth)


def _typed(schema: Json, definitions: Json, depth: int) -> Values:
    match schema.get("type"):
        case "string":
            return TEXTS
        case "integer":
            return st.integers(-3, 2**40)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            return st.lists(values(schema.get("items"), definitions, depth + 1), max_size=2)
        case "object":
            return _objects(schema, definitions, depth)
    return ANY


def _objects(schema: Json, definitions: Json, depth: int) -> Values:
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    members = {name: values(one, definitions, depth + 1) for name, one in properties.items()}
    if not members:
        return st.dictionaries(TEXTS, ANY, max_size=2)
    needed = {name: one for name, one in members.items() if name in required}
    return st.fixed_dictionaries(needed, optional={name: one for name, one in members.items() if name not in required})
