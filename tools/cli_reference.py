#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference of commands in docs/cli.md, made from the commands themselves: `tools/cli_reference.py` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from motet.cli.commands import ROWS
from motet.cli.options import COMMON

DOCS = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
BEGIN, END = "<!-- made by tools/cli_reference.py -->\n", "<!-- end -->\n"


def reference() -> str:
    """The text between the two marks."""
    panels = list(dict.fromkeys(row.panel for row in ROWS))
    return "\n".join(line for panel in panels for line in _panel(panel)) + "\n"


def with_reference(text: str) -> str:
    """The document with the reference made anew."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + reference() + END + rest.partition(END)[2]


def _panel(panel: str) -> Iterator[str]:
    yield f"### {panel}\n"
    for row in ROWS:
        if row.panel == panel:
            yield from _command(f"motet {row.name}", row.load())


def _command(name: str, command: Any) -> Iterator[str]:
    subcommands = getattr(command, "commands", {})
    if not subcommands or command.invoke_without_command:
        yield f"**`{' '.join([name, *_arguments(command)])}`** {_first(command)}\n"
        options = [f"- {_option(one)}" for one in command.params if one.param_type_name == "option" and _own(one)]
        yield from [*options, ""] if options else []
    for sub, each in subcommands.items():
        yield from _command(f"{name} {sub}", each)


def _arguments(command: Any) -> list[str]:
    found = [one for one in command.params if one.param_type_name == "argument"]
    names = [(one.metavar or one.name.upper()).strip("[]") + ("…" if one.nargs != 1 else "") for one in found]
    return [name if one.required else f"[{name}]" for name, one in zip(names, found, strict=True)]


def _own(option: Any) -> bool:
    return not set(option.opts) & {*COMMON, "--help"}


def _option(option: Any) -> str:
    value = "" if option.is_flag or option.count else f" {option.metavar or option.name.upper()}"
    names = ", ".join(f"`{name}{value}`" for name in sorted(option.opts, key=len, reverse=True))
    return f"{names}: {' '.join((option.help or '').split())}".rstrip(": ")


def _first(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


if __name__ == "__main__":
    DOCS.write_text(with_reference(DOCS.read_text("utf-8")), "utf-8")
