# SPDX-License-Identifier: Apache-2.0
"""WIT text as a tree, with nothing looked up yet (Component Model, WIT.md, "Item: ..."). ``wit.py`` gives it meaning."""

from __future__ import annotations

from typing import NoReturn

from motet.components.witlexer import Token, WitError, tokens
from motet.components.wittree import Body, Document, FunctionTree, MemberTree, TypeDefinition, TypeTree, Use

_REFUSED = {
    "resource": "resources are not for devices: use numbers as handles",
    "include": "including worlds is not supported: repeat their imports and exports",
    "own": "resources are not for devices: use numbers as handles",
    "borrow": "resources are not for devices: use numbers as handles",
    "stream": "streams are not for devices: use lists",
    "future": "futures are not for devices",
    "error-context": "error contexts are not for devices: use a string",
    "async": "asynchronous functions are not for devices",
    "map": "maps are not for devices: use a list of tuples",
}
MAX_NESTING = 32


def parse(text: str, origin: str) -> Document:
    """Raises WitError."""
    return _Parser(text, origin).document()


class _Parser:
    def __init__(self, text: str, origin: str) -> None:
        self._tokens = tokens(text, origin)
        self._at = 0
        self._origin = origin

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _fail(self, reason: str, line: int | None = None) -> NoReturn:
        raise WitError(self._origin, line or self._next.line, reason)

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _is(self, text: str) -> bool:
        return self._next.kind != "gate" and self._next.text == text

    def _accept(self, text: str) -> bool:
        found = self._is(text)
        self._at += found
        return found

    def _expect(self, text: str) -> Token:
        if not self._is(text):
            self._fail(f"expected {text!r}, found {self._next.text!r}")
        return self._take()

    def _name(self) -> Token:
        if self._next.kind != "id":
            self._fail(f"expected a name, found {self._next.text!r}")
        return self._take()

    def _gates(self) -> str:
        """Steps over ``@since(...)`` and its kin, which change nothing here; the documentation before them."""
        docs = self._next.docs
        while self._next.kind == "gate":
            self._take()
            if self._accept("("):
                while not self._accept(")"):
                    if self._take().kind == "end":
                        self._fail("a gate is never closed")
        return docs or self._next.docs

    def document(self) -> Document:
        found = Document(self._origin)
        if self._is("package"):
            self._take()
            found.package = self._path() if self._next.kind == "id" else self._fail("expected a package's name")
            self._expect(";")
        while self._next.kind != "end":
            docs = self._gates()
            word = self._take()
            if word.text == "interface":
                found.interfaces.append(self._body(docs, world=False))
            elif word.text == "world":
                found.worlds.append(self._body(docs, world=True))
            else:
                self._fail(f"expected 'interface' or 'world', found {word.text!r}", word.line)
        return found

    def _path(self) -> str:
        """``name``, or ``namespace:package/name@1.2.3`` (a package's own name has no third part)."""
        text = self._name().text
        if self._accept(":"):
            text += ":" + self._name().text
            while self._accept("/"):
                text += "/" + self._name().text
        if self._next.kind == "version":
            text += self._take().text
        return text

    def _body(self, docs: str, world: bool) -> Body:
        name = self._name()
        return self._contents(Body(name.text, name.line, docs), world)

    def _contents(self, body: Body, world: bool) -> Body:
        self._expect("{")
        while not self._accept("}"):
            self._item(body, world)
        return body

    def _item(self, body: Body, world: bool) -> None:
        docs = self._gates()
        word = self._next
        if word.text in ("resource", "include") and self._tokens[self._at + 1].text != ":":
            self._fail(_REFUSED[word.text])
        if word.text == "use" and self._tokens[self._at + 1].kind == "id":
            body.uses += self._use()
        elif word.text in ("type", "record", "variant", "enum", "flags") and self._tokens[self._at + 1].kind == "id":
            body.types.append(self._definition(docs))
        elif world and word.text in ("import", "export"):
            (body.imports if word.text == "import" else body.exports).append(self._taken(docs))
        elif not world and word.kind == "id":
            body.functions.append(self._function(self._take(), docs))
        else:
            self._fail(f"unexpected {word.text!r}")

    def _use(self) -> list[Use]:
        line = self._take().line
        path = self._path()
        self._expect(".")
        self._expect("{")
        found = []
        while not self._accept("}"):
            name = self._name()
            found.append(Use(path, name.text, self._name().text if self._accept("as") else name.text, name.line))
            if not self._accept(","):
                self._expect("}")
                break
        self._expect(";")
        return found or self._fail("nothing is used", line)

    def _taken(self, docs: str) -> FunctionTree | Body | Use:
        """An import or export of a world: a function, an interface written here, or one by its path."""
        self._take()
        after = self._tokens[self._at + 1 : self._at + 3]
        if after and after[0].text == ":" and after[1].text in ("func", "async"):
            return self._function(self._name(), docs)
        if after and after[0].text == ":" and after[1].text == "interface":
            name = self._name()
            self._at += 2
            return self._contents(Body(name.text, name.line, docs), world=False)
        line, path = self._next.line, self._path()
        self._expect(";")
        return Use(path, "", "", line)

    def _function(self, name: Token, docs: str) -> FunctionTree:
        self._expect(":")
        if self._is("async"):
            self._fail(_REFUSED["async"])
        self._expect("func")
        self._expect("(")
        params = self._members(")", typed=True)
        result = self._type(0) if self._accept("->") else None
        self._expect(";")
        return FunctionTree(name.text, name.line, docs, params, result)

    def _definition(self, docs: str) -> TypeDefinition:
        kind, name = self._take().text, self._name()
        if kind == "type":
            self._expect("=")
            alias = self._type(0)
            self._expect(";")
            return TypeDefinition(kind, name.text, name.line, docs, alias=alias)
        self._expect("{")
        members = self._members("}", typed={"record": True, "variant": None}.get(kind, False))
        if not members:
            self._fail(f"{kind} {name.text} is empty", name.line)
        return TypeDefinition(kind, name.text, name.line, docs, members)

    def _members(self, end: str, typed: bool | None) -> tuple[MemberTree, ...]:
        """Members up to ``end``; ``typed`` None: with a type in brackets, or without one."""
        found = []
        while not self._accept(end):
            docs = self._gates()
            name = self._name()
            kind = None
            if typed:
                self._expect(":")
                kind = self._type(0)
            elif typed is None and self._accept("("):
                kind = self._type(0)
                self._expect(")")
            found.append(MemberTree(name.text, name.line, docs, kind))
            if not self._accept(","):
                self._expect(end)
                break
        return tuple(found)

    def _type(self, depth: int) -> TypeTree:
        word = self._take()
        if depth > MAX_NESTING:
            self._fail(f"types are nested deeper than {MAX_NESTING}", word.line)
        if word.text in _REFUSED and word.text not in ("include", "resource"):
            self._fail(_REFUSED[word.text], word.line)
        if word.kind not in ("id", "_"):
            self._fail(f"expected a type, found {word.text!r}", word.line)
        args = []
        if self._accept("<"):
            while not self._accept(">"):
                if self._next.kind == "number":
                    self._fail("lists of a fixed length are not supported: use a tuple or a list")
                args.append(self._type(depth + 1))
                if not self._accept(","):
                    self._expect(">")
                    break
        return TypeTree(word.text, word.line, tuple(args))
