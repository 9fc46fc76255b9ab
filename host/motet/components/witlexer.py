# SPDX-License-Identifier: Apache-2.0
"""WIT text as tokens, each with its line and the doc comment before it (Component Model, WIT.md, "Lexical structure")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from motet.components.errors import ComponentError

# More is no contract for a device, and keeps every walk over it short.
MAX_CHARACTERS = 256 * 1024
_ID = r"%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*"
_VERSION = r"@\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<line>//[^\n]*)|(?P<block>/\*)|(?P<version>{_VERSION})|(?P<gate>@{_ID})|(?P<id>{_ID})"
    r"|(?P<number>\d+(?:\.\d+)*)|(?P<mark>->|[{}()<>,;:=*./_])"
)
_WORD = re.compile(r"(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?:[a-z0-9]+|[A-Z0-9]+))*")


class WitError(ComponentError):
    """A contract that cannot be used; the message begins with file and line."""

    def __init__(self, origin: str, line: int, reason: str) -> None:
        super().__init__(f"{origin}:{line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class Token:
    """``kind`` is "id", "version", "gate", "number", "end", or the mark itself."""

    kind: str
    text: str
    line: int
    docs: str = ""


def tokens(text: str, origin: str) -> list[Token]:
    """All tokens, with one of kind "end" behind them. Raises WitError for what is no WIT."""
    if len(text) > MAX_CHARACTERS:
        raise WitError(origin, 1, f"{len(text)} characters, at most {MAX_CHARACTERS} are accepted")
    return _Lexer(text, origin).run()


class _Lexer:
    def __init__(self, text: str, origin: str) -> None:
        self._text = text
        self._origin = origin
        self._at = 0
        self._line = 1
        self._docs: list[str] = []

    def run(self) -> list[Token]:
        found: list[Token] = []
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise WitError(self._origin, self._line, f"unexpected {self._text[self._at]!r}")
            kind, text = str(match.lastgroup), match.group()
            if kind == "block":
                text = self._block()
            elif kind not in ("space", "line"):
                found.append(self._token(kind, text))
            if kind in ("line", "block"):
                self._comment(text)
            self._at += len(text)
            self._line += text.count("\n")
        return [*found, Token("end", "the end of the file", self._line)]

    def _token(self, kind: str, text: str) -> Token:
        docs, self._docs = "\n".join(self._docs).strip(), []
        if kind == "id" and not text.startswith("%") and not _WORD.fullmatch(text):
            raise WitError(self._origin, self._line, f"{text!r} is no name: words are all lower or all upper case, joined by '-'")
        return Token(text if kind == "mark" else kind, text.removeprefix("%") if kind == "id" else text, self._line, docs)

    def _block(self) -> str:
        """A block comment; they nest."""
        depth, at = 0, self._at
        while True:
            opened, closed = self._text.find("/*", at), self._text.find("*/", at)
            if closed < 0:
                raise WitError(self._origin, self._line, "a comment is never closed")
            inner = 0 <= opened < closed
            depth += 1 if inner else -1
            at = (opened if inner else closed) + 2
            if depth == 0:
                return self._text[self._at : at]

    def _comment(self, text: str) -> None:
        if text.startswith("///"):
            self._docs.append(text[3:].removeprefix(" ").rstrip())
        elif text.startswith("/**") and len(text) > 4:
            self._docs += [line.strip().lstrip("*").strip() for line in text[3:-2].splitlines()]
