# SPDX-License-Identifier: Apache-2.0
"""Reading the configuration: every problem at once, each with its line and what was expected."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from motet.config.locate import Key, Locator
from motet.config.schema import Config
from motet.config.values import EXPECTED

DEFAULT_FILE = "motet.toml"
_PREFIX = "MOTET_"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `line` counts from 1, 0 when it is not in the file; `key` is dotted, empty for syntax."""

    line: int
    key: str
    message: str

    def sentence(self, source: str) -> str:
        """`file:line: key: message`, without what is not known."""
        where = f"{source}:{self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"


class ConfigError(ValueError):
    """The configuration cannot be used; `problems` has all of them and the text one a line."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        super().__init__("\n".join(problem.sentence(source) for problem in problems))
        self.problems = problems


def check(path: Path | str) -> list[Problem]:
    """Every problem of the file alone, in the order of its lines; empty when it is fine."""
    return _read(Path(path))[1]


def load(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration in force: `path`, or ./motet.toml when there is one, with MOTET_* overrides.

    Raises ConfigError.
    """
    source = Path(path if path is not None else DEFAULT_FILE)
    tree: dict[str, Any] = {}
    if path is not None or source.exists():
        tree, problems = _read(source)
        if problems:
            raise ConfigError(str(source), problems)
    return _overridden(tree, os.environ if environ is None else environ)


def keys() -> set[tuple[str, ...]]:
    """Every key and table that can be set by itself, by its path."""
    found = {(name,) for name in _names(Config)}
    return found | {(table, name) for (table,) in found for name in _section((table, "")) or {}}


def unknown(key: tuple[str, ...]) -> str:
    """Why there is no such key, with the one that may be meant."""
    known = _section(key) if len(key) == 2 else _names(Config)
    if len(key) > 2 or known is None:
        return (
            "no key is called so; [[serial]] and [[emulate]] are changed in the file itself"
            if key[0] in _names(Config)
            else _unknown(key[0], _names(Config))
        )
    return _unknown(key[-1], known)


def _read(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        return {}, [Problem(0, "", f"{path} cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return {}, [Problem(1, "", "this is not UTF-8 text")]
    except tomllib.TOMLDecodeError as error:
        return {}, [_syntax(str(error), text)]
    except RecursionError:
        return {}, [Problem(0, "", f"{path} cannot be read: values are nested too deeply")]
    found = _problems(tree)
    if not found:
        return tree, []
    locator = Locator(text)
    return tree, sorted((Problem(locator.line(key), _dotted(key), what) for key, what in found), key=lambda p: (p.line, p.key))


def _syntax(message: str, text: str) -> Problem:
    at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    line = int(at[1]) if at and at[1] else max(1, len(text.splitlines()))
    return Problem(line, "", "not TOML: " + (message[: at.start()] if at else message))


def _problems(tree: dict[str, Any]) -> list[tuple[Key, str]]:
    try:
        # Strict: "8080" in quotes is a text, and a text is not a port.
        return list(Config.model_validate(tree, strict=True).conflicts())
    except ValidationError as error:
        return [_explained(one) for one in error.errors()]


def _explained(error: ErrorDetails) -> tuple[Key, str]:
    key, given = error["loc"], error["input"]
    if error["type"] == "extra_forbidden":
        return key, _unknown(str(key[-1]), _fields(key[:-1]))
    if error["type"] == "missing":
        return key, "this key is needed"
    wanted = EXPECTED.get(error.get("ctx", {}).get("pattern", "")) or EXPECTED.get(error["type"])
    message = wanted or error["msg"][0].lower() + error["msg"][1:]
    return key, f"{message}, not {given!r}" if isinstance(given, str | int | float) else message


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return "unknown key" + (f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}")


def _fields(key: Key) -> dict[str, Any]:
    """The keys that the table at `key` may have, with their types."""
    model: Any = Config
    for part in key:
        if isinstance(part, str):
            model = _names(model)[part]
            model = next((one for one in typing.get_args(model) if isinstance(one, type)), model)
    return _names(model)


def _names(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _dotted(key: Key) -> str:
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _overridden(tree: dict[str, Any], environ: Mapping[str, str]) -> Config:
    """MOTET_SECTION__KEY for the keys of tables, MOTET_REALM for itself; other MOTET_* names belong to somebody else."""
    problems: list[Problem] = []
    sources: dict[tuple[str, ...], str] = {}
    tree = {name: dict(value) if isinstance(value, dict) else value for name, value in tree.items()}
    for variable, value in sorted(environ.items()):
        key = tuple(variable.removeprefix(_PREFIX).lower().split("__"))
        if not variable.startswith(_PREFIX) or (len(key) == 1 and key[0] != "realm"):
            continue
        if len(key) > 2 or _section(key) is None:
            problems.append(Problem(0, variable, "only tables of single values can be set in the environment"))
        elif key[-1] not in (_section(key) or {}):
            problems.append(Problem(0, variable, _unknown(key[-1], _section(key) or {})))
        else:
            sources[key] = variable
            (tree if len(key) == 1 else tree.setdefault(key[0], {}))[key[-1]] = value
    return _validated(tree, sources, problems)


def _section(key: tuple[str, ...]) -> dict[str, Any] | None:
    """The keys of the table that an environment variable means, None when there is no such table."""
    if len(key) == 1:
        return _names(Config)
    model = _names(Config).get(key[0])
    return _names(model) if isinstance(model, type) and issubclass(model, BaseModel) else None


def _validated(tree: dict[str, Any], sources: dict[tuple[str, ...], str], problems: list[Problem]) -> Config:
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        for one in error.errors():
            key, message = _explained(one)
            problems.append(Problem(0, sources.get(tuple(map(str, key)), _dotted(key)), message))
        config = None
    if problems or config is None:
        raise ConfigError("", problems)
    return config
