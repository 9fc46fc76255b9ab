# SPDX-License-Identifier: Apache-2.0
"""New components: folders that build, pass their own tests and install as they are."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from motet.components import wit
from motet.components.errors import ComponentError
from motet.components.sdk import bindings
from motet.components.tooltext import MAX_TOOL_NAME, NAME

SOURCES = {"c": "main.c", "zig": "main.zig", "assemblyscript": "main.ts", "rust": "main.rs", "python": "main.py"}
LANGUAGES = tuple(SOURCES)
_FILES = Path(__file__).parent / "templates"
# Names of files that the bindings have besides those of the contract.
_TAKEN = ("exports", "mod", "memory")


class TemplateError(ComponentError):
    """A component cannot be made: its name, its language, or what is there already."""


@dataclass(frozen=True)
class Template:
    """What a template is for, its longest tool name, and a call to try."""

    description: str
    tool: str
    arguments: str
    longest: str


TEMPLATES = {
    "basic": Template("Says in short what a series of readings is like.", "summarize", '{"readings": [1, 2, 6]}', "summarize"),
    "service": Template("Counts the messages of a topic and remembers the number over restarts.", "total", "{}", "total"),
    "worker": Template("Counts primes, a part of them at each step.", "count", '{"limit": 100}', "count-step"),
    "library": Template("Filters for series of readings.", "peak", '{"values": [2, 4, 1]}', "smooth"),
}


@dataclass(frozen=True)
class Created:
    """The folder, the files that were written (none when all were there already), and the commands to go on with."""

    folder: Path
    files: tuple[Path, ...]
    next: tuple[str, ...]


def create(parent: Path, name: str, language: str = "c", template: str = "basic") -> Created:
    """Writes a new component into ``parent/name``. Made again, it writes nothing; files with other contents are never touched.

    Raises TemplateError: a name that is none, an unknown language or template, files in the way, a folder that cannot be written.
    """
    _check(name, language, template)
    folder, files = parent / name, contents(name, language, template)
    try:
        changed = [path for path, text in files.items() if _differs(folder / path, text) and not path.startswith("bindings/")]
        if changed:
            raise TemplateError(f"{folder}: {changed[0]} is there already and differs; nothing was written: choose another name")
        missing = {path: text for path, text in files.items() if not (folder / path).exists()}
        _write(folder, missing)
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{getattr(error, 'filename', None) or folder}: {getattr(error, 'strerror', error)}") from None
    return Created(folder, tuple(folder / path for path in sorted(missing)), _next(folder, name, language, template))


def contents(name: str, language: str, template: str) -> dict[str, str]:
    """The files of a new component by their path in its folder."""
    source, about = SOURCES[language], TEMPLATES[template]
    values = {
        "NAME": name,
        "SNAKE": name.replace("-", "_"),
        "LANGUAGE": language,
        "SOURCE": source,
        "DESCRIPTION": about.description,
        "TOOL": about.tool,
        "ARGUMENTS": about.arguments,
    }
    contract = _filled(_FILES / template / "component.wit.in", values)
    world = wit.load(contract, f"{name}.wit")
    made = bindings.generate(language, world, 4096 if template == "library" else bindings.ARENA)
    return {
        "Component.toml": _filled(_FILES / template / "Component.toml.in", values),
        f"{name}.wit": contract,
        source: _filled(_FILES / template / f"{source}.in", values),
        f"tests/test_{values['SNAKE']}.py": _filled(_FILES / template / "test.py.in", values),
        "README.md": _filled(_FILES / ("README.python.md.in" if language == "python" else "README.md.in"), values),
        ".gitignore": _filled(_FILES / "gitignore.in", values),
        **{f"bindings/{file}": text for file, text in made.items()},
    }


def _differs(path: Path, text: str) -> bool:
    return path.exists() and (not path.is_file() or path.read_text("utf-8") != text)


def _check(name: str, language: str, template: str) -> None:
    if language not in SOURCES:
        raise TemplateError(f"no templates for {language!r}: there are {', '.join(SOURCES)}")
    if template not in TEMPLATES:
        raise TemplateError(f"no template {template!r}: there are {', '.join(TEMPLATES)}")
    longest = MAX_TOOL_NAME - 1 - len(TEMPLATES[template].longest)
    # Words that begin with a digit are none in WIT.
    if not NAME.fullmatch(name) or len(name) > longest or any(word[0].isdigit() for word in name.split("-")):
        raise TemplateError(f"{name!r:.60} is no name: lower-case words joined by '-', {longest} characters at most")
    if name in _TAKEN:
        raise TemplateError(f"{name!r} is the name of a file that the bindings have: choose another one")


def _filled(path: Path, values: dict[str, str]) -> str:
    text = path.read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _write(folder: Path, files: dict[str, str]) -> None:
    """All of a new folder or nothing of it; into one that is there, file by file."""
    if not files:
        return
    if folder.exists():
        _fill(folder, files)
        return
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        made = Path(scratch) / "new"
        _fill(made, files)
        os.rename(made, folder)


def _fill(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")


def _next(folder: Path, name: str, language: str, template: str) -> tuple[str, ...]:
    about = TEMPLATES[template]
    shown = folder if folder.is_absolute() else Path(os.path.normpath(folder))
    if language == "python":
        return (f"motet test {shown}", f"python -m motet.components.build {shown}")
    return (
        f"motet test {shown}",
        f"motet install {shown} --on DEVICE --key KEYFILE",
        f"motet call DEVICE.{name}.{about.tool} '{about.arguments}'",
    )
