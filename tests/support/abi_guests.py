# SPDX-License-Identifier: Apache-2.0
"""Guests for typed calls, written for one type each: as a core module and as a component around the very same module.

echo    gives what it gets to an imported function and returns what that returns: all four directions at once
flat    returns its core arguments as bytes, eight for each
stored  returns the address of its argument, which many others beside it put into memory, and of the bytes behind it
parse   returns the value that lies in the bytes it is given
"""

from __future__ import annotations

import wasmtime

from motet.components.wittypes import (
    Enum,
    Flags,
    Function,
    ListOf,
    Member,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
)

_BYTES = ListOf(Primitive("u8"))
# So many parameters beside another do not fit sixteen core values.
PADDING = tuple(Member(f"p{number}", Primitive("u8")) for number in range(17))
MEMORY = 131072
_CORE = {"i": "i32", "I": "i64", "f": "f32", "F": "f64"}
_SHOWN, _RESULT, _SLOTS, _HEAP = 1000, 1024, 4096, 4608


def functions(kind: Type) -> tuple[Function, ...]:
    """What the guests export, and `host#echo`, which they import."""
    value = (Member("x", kind),)
    return (
        Function("echo", value, kind),
        Function("flat", value, _BYTES),
        Function("stored", (*value, *PADDING), _BYTES),
        Function("parse", (Member("data", _BYTES),), kind),
        Function("echo", value, kind, interface="host"),
    )


def core_text(core: str, size: int, echo: bool = True) -> str:
    """The core module for a type that flattens to `core` and takes `size` bytes (at most 3 KB), with or without echo."""
    params = "i" if len(core) > 16 else core
    behind = len(core) > 1
    types = "".join(f" (param {_CORE[letter]})" for letter in params)
    result = f" (result {'i32' if behind else _CORE[core]})"
    arguments = "".join(f" (local.get {number})" for number in range(len(params)))
    stores = "".join(
        f"({_CORE[letter]}.store (i32.const {_SLOTS + 8 * at}) (local.get {at}))" for at, letter in enumerate(params)
    )
    called = f"(call $echo{arguments}{f' (i32.const {_RESULT})' if behind else ''})"
    read = "(local.get 0)" if behind else f"({_CORE[core]}.load (local.get 0))"
    imported = f'(import "host" "echo" (func $echo{types}{" (param i32)" if behind else result}))'
    exported = f'(func (export "echo"){types}{result} {called}{f" (i32.const {_RESULT})" if behind else ""})'
    return f"""
 {imported if echo else ""}
 (memory (export "memory") 2)
 (global $top (mut i32) (i32.const {_HEAP}))
 (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
  (global.set $top (i32.add (local.get $at) (local.get 3)))
  (if (i32.gt_u (global.get $top) (i32.const {MEMORY})) (then unreachable))
  (local.get $at))
 (func $show (param i32 i32) (result i32)
  (i32.store (i32.const {_SHOWN}) (local.get 0)) (i32.store (i32.const {_SHOWN + 4}) (local.get 1)) (i32.const {_SHOWN}))
 {exported if echo else ""}
 (func (export "flat"){types} (result i32) {stores}
  (call $show (i32.const {_SLOTS}) (i32.const {8 * len(params)})))
 (func (export "stored") (param i32) (result i32) (call $show (local.get 0) (i32.const {size + len(PADDING)})))
 (func (export "parse") (param i32 i32){result} {read})"""


def core_module(core: str, size: int, echo: bool = True) -> bytes:
    """The guest for the device engine."""
    return bytes(wasmtime.wat2wasm(f"(module {core_text(core, size, echo)})"))


def component(kind: Type, core: str, size: int) -> str:
    """The same guest as a component, in the text format."""
    namer = _Namer()
    lifted = "".join(namer.lifted(function) for function in functions(kind)[:4])
    echo = namer.signature(functions(kind)[4])
    return f"""(component {namer.text}
 (import "echo" (func $host {echo}))
 (core module $guest {core_text(core, size)})
 (core module $late (table (export "t") 1 funcref) (type $f (func {_late_type(core)}))
  (func (export "echo") {_late_type(core)} (call_indirect (type $f) {_late_arguments(core)} (i32.const 0))))
 (core module $fill (import "" "t" (table 1 funcref)) (import "" "f" (func {_late_type(core)}))
  (elem (i32.const 0) func 0))
 (core instance $shim (instantiate $late))
 (core instance $i (instantiate $guest (with "host" (instance $shim))))
 (core func $echo (canon lower (func $host) (memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc"))))
 (core instance (instantiate $fill (with "" (instance (export "t" (table $shim "t")) (export "f" (func $echo))))))
 {lifted})"""


def _late_type(core: str) -> str:
    params = "".join(f" (param {_CORE[letter]})" for letter in ("i" if len(core) > 16 else core))
    return params + (" (param i32)" if len(core) > 1 else f" (result {_CORE[core]})")


def _late_arguments(core: str) -> str:
    count = (1 if len(core) > 16 else len(core)) + (len(core) > 1)
    return " ".join(f"(local.get {number})" for number in range(count))


class _Namer:
    """Types of the component text format; those with members have to have names to be imported and exported."""

    def __init__(self) -> None:
        self.text = ""
        self._known: dict[Type, str] = {}

    def lifted(self, function: Function) -> str:
        memory = '(memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc"))'
        core = f'core func $i "{function.name}"'
        return f'(func (export "{function.name}") {self.signature(function)} (canon lift ({core}) {memory}))\n '

    def signature(self, function: Function) -> str:
        params = "".join(f' (param "{param.name}" {self.name(param.type)})' for param in function.params)
        return f"{params} (result {self.name(function.result)})"

    def name(self, kind: Type | None) -> str:
        assert kind is not None
        if isinstance(kind, Primitive):
            return kind.name
        if kind not in self._known:
            body = self._body(kind)
            number = len(self._known)
            self.text += f"\n (type $t{number} {body})"
            self._known[kind] = f"$t{number}"
            if isinstance(kind, Record | Variant | Enum | Flags):
                self.text += f' (import "t{number}" (type $n{number} (eq $t{number})))'
                self._known[kind] = f"$n{number}"
        return self._known[kind]

    def _body(self, kind: Type) -> str:
        match kind:
            case ListOf(element):
                return f"(list {self.name(element)})"
            case Option(some):
                return f"(option {self.name(some)})"
            case Result(ok, err):
                return f"(result{f' {self.name(ok)}' if ok else ''}{f' (error {self.name(err)})' if err else ''})"
            case Tuple(items):
                return f"(tuple {' '.join(self.name(item) for item in items)})"
            case Record(fields):
                return f"(record {' '.join(self._member('field', field) for field in fields)})"
            case Variant(cases):
                return f"(variant {' '.join(self._member('case', case) for case in cases)})"
            case Enum(cases):
                return f"(enum {_quoted(cases)})"
            case Flags(names):
                return f"(flags {_quoted(names)})"
        raise TypeError(kind)

    def _member(self, word: str, member: Member) -> str:
        return f'({word} "{member.name}" {self.name(member.type) if member.type else ""})'


def _quoted(members: tuple[Member, ...]) -> str:
    return " ".join(f'"{member.name}"' for member in members)
