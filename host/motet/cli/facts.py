# SPDX-License-Identifier: Apache-2.0
"""A package in words, for `motet info` and `motet inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from motet.cli.console import plain

_WIDTH = 12


def lines(facts: dict[str, Any]) -> Iterator[str]:
    """What `motet.components.inspection` found, a line for each thing."""
    yield f"{facts['kind']} {facts['name']}" + (f" revision {facts['revision']}" if "revision" in facts else "")
    for key, title in (("description", ""), ("digest", "digest"), ("problem", "problem"), ("form", "form")):
        if facts.get(key):
            yield _line(title, facts[key])
    if "size" in facts:
        yield _line("size", f"{facts['size']} bytes")
    if "publishers" in facts:
        yield _line("signed by", " and ".join(facts["publishers"]) or "nobody")
    elif "signed_by_keys" in facts:
        yield _line("signed with", ", ".join(facts["signed_by_keys"]) or "no key")
    yield from _attested(facts)
    yield from _uses(facts)
    yield from _contents(facts)
    for place in facts.get("devices", []):
        yield _line("on", ", ".join(f"{key} {_value(value)}" if key != "device" else str(value) for key, value in place.items()))


def _attested(facts: dict[str, Any]) -> Iterator[str]:
    bill, origin = facts.get("sbom"), facts.get("provenance")
    if bill:
        yield _line("materials", f"{bill['format']}: {bill['files']} files, {', '.join([*bill['wit'], *bill['tools']])}")
    if origin:
        yield _line("provenance", f"{origin['build']} by {origin['builder']}: {origin['command'] or 'taken as it was'}")


def _uses(facts: dict[str, Any]) -> Iterator[str]:
    if facts.get("limits"):
        yield _line("limits", ", ".join(f"{key} {value}" for key, value in facts["limits"].items()))
    for name, limits in (facts.get("capabilities") or {}).items():
        yield _line("may use", f"{name} {_value(limits)}".rstrip())
    for name, bounds in (facts.get("dependencies") or {}).items():
        yield _line("needs", f"{name} {bounds}")


def _contents(facts: dict[str, Any]) -> Iterator[str]:
    for title in ("sections", "imports", "exports", "inputs", "outputs", "operators"):
        if facts.get(title):
            yield _line(title, ", ".join(_value(one) for one in facts[title]))
    for tool in facts.get("tools", []):
        yield _line("tool", f"{tool['name']}({', '.join(tool['inputSchema'].get('properties', {}))}): {tool['description']}")
    if facts.get("wit"):
        yield _line("contract", "")
        yield from (f"    {plain(line)}" for line in str(facts["wit"]).splitlines())


def _line(title: str, text: Any) -> str:
    # A line break inside a value must not look like another line of ours.
    return f"  {title:{_WIDTH}}{plain(str(text)).replace(chr(10), ' ')}".rstrip()


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_value(one) if key == "name" else f"{key} {_value(one)}" for key, one in value.items())
    return " ".join(map(_value, value)) if isinstance(value, list) else str(value)
