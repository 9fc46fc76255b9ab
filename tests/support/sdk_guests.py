# SPDX-License-Identifier: Apache-2.0
"""Guests written in every language for contracts made at random: what comes in goes to an import, whose answer goes out."""

from __future__ import annotations

import random
import re
from pathlib import Path

from tests.support import abi_random, wit_text

from motet.components.build import compile_module
from motet.components.manifest import load
from motet.components.wittypes import Function, Member, Primitive, Type

INTERFACE = "test:random/host@0.1.0"
# So many parameters beside another do not fit sixteen core values.
PADDING = tuple(Member(f"p{number}", Primitive("u8")) for number in range(17))
MANIFEST = """[component]
name = "echo"
revision = 1
description = "gives back what it gets"
wit = "echo.wit"
[build]
language = "{language}"
sources = ["{source}"]
arena = 49152
c_stack = 16384
[limits]
memory = 131072
"""


def random_types(seed: str, count: int) -> list[Type]:
    """Types whose flags, enums and cases are few enough to read the sources made of them."""
    rng = random.Random(seed)
    found: list[Type] = []
    while len(found) < count:
        kind = abi_random.random_type(rng, 3)
        if not isinstance(kind, Primitive) and len(repr(kind)) < 6000:
            found.append(kind)
    return found


def functions(types: list[Type]) -> list[Function]:
    """Each type as a parameter of its own and among so many that they are passed in memory."""
    value = [(Member("x", kind),) for kind in types]
    direct = [Function(f"e{number}", given, given[0].type) for number, given in enumerate(value)]
    return direct + [Function(f"s{number}", (*given, *PADDING), given[0].type) for number, given in enumerate(value)]


def contract(given: list[Function]) -> str:
    """A world that imports and exports the same interface."""
    text = wit_text.world(given).replace("world w {", "interface host {").replace("  export %", "  %")
    return text + "\nworld w {\n  import host;\n  export host;\n}\n"


AWKWARD = """package test:random@0.1.0;

interface host {
  record %for {
    %type: u8, fn: u16, %struct: u32, self: bool, a1-b: s8, get: f32, set: f64, %constructor: char,
    this: u64, %record: s64, length: string, ptr: list<u8>,
  }
  enum %type { none, %for, self, ok, err, alloc, default }
  variant match { none, let(string), some(%for), tag(u8), val(u16), ptr(option<u8>), super(option-u8), a1-b(u8) }
  flags %static { read, const, tag, self }
  record option-u8 { x: u8 }
  record list-u8 { x: u8, %list: list<u8> }
  record text { text: string }
  enum int8 { max, min, c }
  enum size { a }
  enum uint8 { a }
  record maybe { x: option<option<result<_, %type>>> }
  record guest { call: u8 }
  record huge { HUGE }
  enum many { MANY }
  type deep = list<option<list<tuple<option<list<option<u8>>>, u8>>>>;

  new: func(%from: %for, a0: u32, p0: u8) -> %for;
  delete: func(get: match, put: %type) -> match;
  public: func(%type: %static) -> %static;
  get-u: func(call: option-u8, out: list-u8, held: text) -> option-u8;
  put-u: func(%result: list-u8) -> list-u8;
  let-int8: func(m0: int8, b0: size, r: uint8) -> int8;
  let-maybe: func(internal: maybe) -> maybe;
  let-guest: func(api: guest) -> guest;
  let-huge: func(value: huge) -> huge;
  let-many: func(x: many) -> many;
  let-deep: func(deep: deep) -> deep;
  %u8: func(%u8: u8, top: u8) -> u8;
  main: func(argc: s32) -> s32;
}

world w {
  import host;
  export host;
}
""".replace("HUGE", ", ".join(f"v{n}: u8" for n in range(200))).replace("MANY", ", ".join(f"c{n}" for n in range(300)))


def folder(language: str, text: str, place: Path, source: str, body: str) -> None:
    """A component folder with one source."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "Component.toml").write_text(MANIFEST.format(language=language, source=source))
    (place / "echo.wit").write_text(text)
    (place / source).write_text(body)


def build(language: str, text: str, place: Path, source: str, body: str) -> bytes:
    """The module of a component folder with one source."""
    folder(language, text, place, source, body)
    return compile_module(place, load(place))


def echo_c(header: str) -> str:
    """Exports that hand everything to the import of the same name, from the declarations of the header."""
    body = '#include "bindings/w.h"\n'
    for result, name, params in re.findall(r"^(?:__attribute__\(\(always_inline\)\) )?(\w+) (host_\w+)\((.*)\);$", header, re.M):
        arguments = ", ".join(re.findall(r"(\w+)(?:,|$)", params))
        body += f"{result} {name}({params}) {{ return import_{name}({arguments}); }}\n"
    return body


def echo_zig(api: str) -> str:
    """The same in Zig: the comments at the end of the file name what is to be written."""
    body = 'const w = @import("bindings/w.zig");\n'
    body += "".join(f"const {name} = w.{name};\n" for name in ("List", "Option", "Result", "Text"))
    body += "".join(
        f"const {name} = w.{name};\n" for name in re.findall(r"^pub const ([A-Z]\w+) = (?:extern|enum|packed)", api, re.M)
    )
    for name, params, result in re.findall(r"^// pub fn (\w+)\((.*)\) (.*)$", api, re.M):
        imported = "import" + name[0].upper() + name[1:]
        imported = imported if f"pub fn {imported}(" in api else name
        arguments = ", ".join(re.findall(r'(@"\w+"|\w+): ', params))
        body += f"pub fn {name}({params}) {result} {{\n    return w.{imported}({arguments});\n}}\n"
    return body


def echo_rust(api: str) -> str:
    """The same in Rust, from the declarations of the trait."""
    body = "use crate::bindings::*;\n\npub struct Component;\n\nimpl Guest for Component {\n"
    for head, name, params in re.findall(r"^    (fn (\w+)<'a>\((.*)\)(?: -> .*)?);$", api[api.index("pub trait Guest") :], re.M):
        arguments = re.findall(r"((?:r#)?\w+): ", params)
        call = "call, " if re.search(rf"pub fn {name}<'a>\(call:", api) else ""
        body += f"    {head} {{\n        crate::bindings::{name}({call}{', '.join(arguments[1:])})\n    }}\n"
    return body + "}\n"


def echo_assemblyscript(api: str) -> str:
    """The same in AssemblyScript: the comments at the end of the file name what is to be written."""
    body = 'import * as w from "./bindings/w";\n'
    for inline, name, params, result in re.findall(r"^// (@inline )?export function (\w+)\((.*)\): (\w+)$", api, re.M):
        typed = re.sub(r": ([A-Z])", r": w.\1", params)
        arguments = ", ".join(re.findall(r"(\w+): ", params))
        result = f"w.{result}" if result[0].isupper() else result
        body += f"{inline}export function {name}({typed}): {result} {{\n  return w.{name}({arguments});\n}}\n"
    return body


def echo_python(api: str) -> str:
    """The same in Python, from the table of exports."""
    body = 'import typing\n\nfrom bindings import *\n\n\n@component\nclass Component:\n    host = capability("host")\n'
    for number, (name, hints, result) in enumerate(re.findall(r'^    "host\.(\w+)": \(\{(.*)\}, (.*)\),$', api, re.M)):
        params = re.sub(r"'(\w+)': ", r"\1: ", hints)
        arguments = ", ".join(re.findall(r"'(\w+)': ", hints))
        body += f'\n    @handler("host.{name}")\n    def m{number}(self, {params}) -> {result}:\n'
        body += f"        return self.host.{name}({arguments})\n"
    return body
