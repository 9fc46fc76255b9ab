# SPDX-License-Identifier: Apache-2.0
"""Changing motet.toml as a person would: one value, with comments, order and blank lines left as they are."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from motet.cli.console import Exit, FatalError
from motet.config import check
from motet.trust.files import replace

_MAX_FILE = 1 << 20


def changed(file: Path, path: tuple[str, ...], value: str) -> str:
    """The file's text with one more or another value. Raises FatalError."""
    document = _read(file)
    table: Any = document
    for part in path[:-1]:
        table = table.setdefault(part, tomlkit.table())
    if isinstance(table.get(path[-1]), tomlkit.items.AbstractTable | tomlkit.items.AoT):
        raise FatalError(f"{'.'.join(path)} is a table: set its keys one by one", Exit.USAGE)
    table[path[-1]] = _value(value)
    return tomlkit.dumps(document)


def without(file: Path, path: tuple[str, ...]) -> str:
    """The file's text without a value or table; without anything for no path. Raises FatalError."""
    if not path:
        return ""
    document = _read(file)
    table: Any = document
    for part in path[:-1]:
        table = table.get(part, {})
    if path[-1] in table:
        del table[path[-1]]
    return tomlkit.dumps(document)


def keep(file: Path, text: str, dry_run: bool) -> None:
    """Write it, if it is a configuration. Raises FatalError with every problem; then the file is as it was."""
    try:
        _check(file, text)
        if not dry_run and (text or file.exists()):
            # It may hold a password: whoever could not read it before cannot afterwards.
            mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o644
            replace(file.resolve(), text.encode(), mode)
    except OSError as error:
        raise FatalError(f"{file}: {error.strerror}") from error


def _check(file: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix="motet-", suffix=".toml")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as trial:
            trial.write(text)
        problems = check(name)
    finally:
        os.unlink(name)
    if problems:
        raise FatalError("\n".join(one.sentence(str(file)) for one in problems), Exit.USAGE)


def _read(file: Path) -> tomlkit.TOMLDocument:
    try:
        with file.open(encoding="utf-8") as opened:
            return tomlkit.parse(opened.read(_MAX_FILE))
    except FileNotFoundError:
        return tomlkit.document()
    except OSError as error:
        raise FatalError(f"{file}: {error.strerror}") from error
    except (TOMLKitError, UnicodeDecodeError, RecursionError) as error:
        raise FatalError(f"{file}: not TOML: {error}; `motet config check` says where", Exit.USAGE) from error


def _value(text: str) -> Any:
    try:
        return tomlkit.value(text)
    except (TOMLKitError, RecursionError, ValueError):
        return text
