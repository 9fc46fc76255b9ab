# SPDX-License-Identifier: Apache-2.0
"""Checks of tool arguments against the JSON Schema a device gives for its tool (JSON Schema 2020-12).

The schema comes from a device, so it is not trusted: nothing is ever fetched, and keywords whose cost the schema's author
decides (regular expressions, references, pairwise comparison) are left to the device, which checks its arguments as well.
A failed check becomes one short sentence naming the field: input errors are tool errors, for the model to correct (SEP-1303).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry

from motet.gateway.fitting import compile_fits

# Without an explicit registry jsonschema would fetch remote references over the network.
_NOTHING_TO_FETCH: Registry[Any] = Registry()
# Keywords whose cost is not bounded by the size of schema and arguments, each with the type that tells it from a property
# of the same name, whose value would be a schema.
_COSTLY: dict[str, type] = {
    "$ref": str,
    "$dynamicRef": str,
    "pattern": str,
    "patternProperties": Mapping,
    "uniqueItems": bool,
}
_SHOWN = 200
# A long array of wrong items has an error for each; one of the first will do.
_LOOKED_AT = 50

Check = Callable[[Mapping[str, Any]], str | None]


class BadSchema(ValueError):
    """A device's schema cannot be used; the text says why."""


def compile_check(schema: Mapping[str, Any]) -> Check:
    """A function that returns None for good arguments, else a sentence that names the field.

    Raises BadSchema when `schema` is no JSON Schema for an object, or refers outside itself.
    """
    if schema.get("type") != "object":
        raise BadSchema('inputSchema must have "type": "object"')
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadSchema(f"inputSchema is no JSON Schema: {_short(error.message)}") from error
    if any(key in ("$ref", "$dynamicRef") and not value.startswith("#") for key, value in _costly(schema)):
        raise BadSchema("inputSchema refers outside itself")
    if any(_costly(schema)):
        return _leave_to_device
    validator, fits = Draft202012Validator(schema, registry=_NOTHING_TO_FETCH), compile_fits(schema)

    def check(arguments: Mapping[str, Any]) -> str | None:
        if fits is not None and fits(arguments):
            return None
        error = best_match(islice(validator.iter_errors(arguments), _LOOKED_AT))
        return None if error is None else _sentence(error)

    return check


def _leave_to_device(_arguments: Mapping[str, Any]) -> str | None:
    return None


def _costly(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, Mapping):
            yield from (item for item in node.items() if isinstance(item[1], _COSTLY.get(item[0], ())))
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


def _sentence(error: ValidationError) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    if error.validator == "required":
        missing = ", ".join(f"{where}.{name}" if where else name for name in error.validator_value if name not in error.instance)
        return f"argument {_short(missing)} is missing"
    return f"argument {_short(where)}: {_short(error.message)}" if where else f"arguments: {_short(error.message)}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
