# SPDX-License-Identifier: Apache-2.0
"""The part of JSON Schema 2020-12 that tools of small devices use: a value is checked, never changed.

Known: type, enum, const, properties, required, additionalProperties (false), items, minimum, maximum, minLength, maxLength,
minItems, maxItems. Everything else is a description and is not looked at.
"""


def problem(value, schema, path=""):
    """None when `value` fits `schema`, else one sentence that names the field and what was expected."""
    kind = schema.get("type")
    if kind is not None and not _is_type(value, kind):
        return "%s: expected %s, got %s" % (path or "arguments", _names(kind), type_name(value))
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        return "%s: expected one of %s" % (path, ", ".join([repr(choice) for choice in schema["enum"]]))
    if "const" in schema and not _same(value, schema["const"]):
        return "%s: expected %r" % (path, schema["const"])
    if isinstance(value, dict):
        return _object(value, schema, path)
    if isinstance(value, list):
        return _bounds(len(value), schema, "minItems", "maxItems", path, " items") or _items(value, schema, path)
    if isinstance(value, str):
        return _bounds(len(value), schema, "minLength", "maxLength", path, " characters")
    if _is_number(value):
        return _bounds(value, schema, "minimum", "maximum", path, "")
    return None


def type_name(value):
    """The JSON Schema type of a value."""
    for kind in ("null", "boolean", "integer", "number", "string", "array", "object"):
        if _is_type(value, kind):
            return kind
    return type(value).__name__


def _is_number(value):
    return isinstance(value, (int, float)) and value is not True and value is not False


def _is_type(value, kind):
    if isinstance(kind, list):
        return any(_is_type(value, one) for one in kind)
    if kind == "integer":
        # A float without a fraction is an integer in JSON Schema (section 6.1.1 of the validation vocabulary).
        return _is_number(value) and (isinstance(value, int) or (-1e15 < value < 1e15 and value == int(value)))
    if kind == "number":
        return _is_number(value)
    if kind == "boolean":
        return value is True or value is False
    if kind == "null":
        return value is None
    return isinstance(value, {"string": str, "array": list, "object": dict}.get(kind, ()))


def _names(kind):
    return " or ".join(kind) if isinstance(kind, list) else kind


def _same(a, b):
    """Equality of JSON values: true is not 1."""
    return a == b and (a is True or a is False) == (b is True or b is False)


def _bounds(size, schema, least, most, path, unit):
    low, high = schema.get(least), schema.get(most)
    if (low is None or size >= low) and (high is None or size <= high):
        return None
    if low is not None and high is not None:
        return "%s: expected %s to %s%s, got %s" % (path, low, high, unit, size)
    return "%s: expected at %s %s%s, got %s" % (
        path,
        "least" if high is None else "most",
        low if high is None else high,
        unit,
        size,
    )


def _object(value, schema, path):
    prefix = path + "." if path else ""
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return "%s%s: is required%s" % (prefix, name, _expected(properties.get(name)))
    for name in value:
        if name in properties:
            found = problem(value[name], properties[name], prefix + name)
            if found:
                return found
        elif schema.get("additionalProperties") is False:
            return "%s%s: is not known; known are %s" % (prefix, name, ", ".join(sorted(properties)) or "none")
    return None


def _expected(schema):
    kind = schema and schema.get("type")
    return " (%s)" % _names(kind) if kind else ""


def _items(value, schema, path):
    items = schema.get("items")
    if isinstance(items, dict):
        for index, item in enumerate(value):
            found = problem(item, items, "%s[%d]" % (path, index))
            if found:
                return found
    return None
