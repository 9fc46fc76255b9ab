# SPDX-License-Identifier: Apache-2.0
"""Lines of Renode's Monitor: words, quotes, @paths, $variables, macros and comments. Renode documentation, "Monitor syntax"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from motet.emulate.keywords.errors import KeywordError

_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|([^\s"\']\S*))')
_VARIABLE = re.compile(r"\$(\w+)")
ASSIGNMENT = re.compile(r"\$(?P<name>\w+)\s*(?P<weak>\?)?=\s*(?P<value>.*)$")


@dataclass(frozen=True)
class Word:
    """One argument. ``quoted`` text is taken as it stands, a ``path`` was written with @."""

    text: str
    quoted: bool = False
    path: bool = False


def words(line: str, variables: Mapping[str, str]) -> list[Word]:
    """The words of a line with variables put in. Raises KeywordError for an open quote or an unknown variable."""
    found, at = [], 0
    line = line.rstrip()
    while at < len(line):
        match = _WORD.match(line, at)
        if not match:
            raise KeywordError(f"could not tokenize here: {line[at:].strip()!r}")
        at = match.end()
        quoted = match[3] is None
        if not quoted and match[3].startswith("#"):
            break
        text = match[3] if not quoted else re.sub(r"\\(.)", r"\1", match[1] if match[1] is not None else match[2])
        found.append(_word(text, quoted, variables))
    return found


def _word(text: str, quoted: bool, variables: Mapping[str, str]) -> Word:
    if quoted:
        return Word(text, True)
    path = text.startswith("@")
    return Word(expand(text[1:] if path else text, variables).removeprefix("@").strip('"'), path=path)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Put in the values of $variables. Raises KeywordError for an unknown one."""

    def value(match: re.Match[str]) -> str:
        try:
            return variables[match[1]]
        except KeyError:
            raise KeywordError(f"No such variable: ${match[1]}") from None

    return _VARIABLE.sub(value, text)


def commands(text: str) -> Iterator[str]:
    """The commands of a script; one over several lines (three quotes) comes as one. Raises KeywordError."""
    block: list[str] | None = None
    waiting = ""
    for raw in text.splitlines():
        line = raw.strip()
        if block is not None:
            if line == '"""':
                yield waiting + '"""' + "\n".join(block) + '"""'
                block = None
            else:
                block.append(raw)
        elif line.endswith('"""'):
            waiting, block = (waiting if line == '"""' else line[:-3]), []
        elif line.startswith(("macro ", "python")) and not line.endswith('"'):
            waiting = line + " "
        elif line and not line.startswith(("#", ":")):
            yield line
    if block is not None:
        raise KeywordError(f'{waiting.strip() or "script"}: the closing """ is missing')


def macro(line: str) -> tuple[str, str] | None:
    """Name and body of a ``macro NAME \"\"\"...\"\"\"`` command; None for any other."""
    match = re.match(r'macro\s+(\w+)\s+"""(.*)"""$', line, re.DOTALL)
    return (match[1], match[2]) if match else None
