# SPDX-License-Identifier: Apache-2.0
"""Contracts: what WIT becomes, and the line of whatever devices cannot do."""

from __future__ import annotations

import random

import pytest
from tests.support import abi_random, wit_text

from motet.components import descriptor, wit
from motet.components.errors import AdmissionError
from motet.components.tools import Tool, describe
from motet.components.witlexer import WitError
from motet.components.wittypes import Enum, Flags, Function, ListOf, Member, Option, Primitive, Record, Result, Tuple, Variant
from motet_core.canonical_types import Types
from motet_core.errors import Refused

WORLD = """package test:all@1.2.3;

/// Types for everybody.
interface types {
  /// A point
  /// in space.
  record point { x: f32, y: f32, }
  type points = list<point>;
}

world all {
  use types.{point, points as cloud};
  enum colour { red, green }
  flags marks { a, b, c }
  variant shape { dot, circle(f32), corners(cloud) }
  /** Draws
   *  it. */
  @since(version = 1.0.0)
  export draw: func(shape: shape, at: option<point>, how: tuple<colour, marks>) -> result<u32, string>;
  export quiet: func();
  export stats: interface {
    mean: func(of: list<f64>) -> result<_, string>;
  }
  export geometry;
  import log: func(text: string);
}

interface geometry {
  use types.{points};
  %list: func(among: points) -> result;
}
"""


def refusal(body: str, line: int) -> str:
    """Why a world with this body, which begins in line 2, is refused; and that it is said of that line."""
    with pytest.raises(WitError) as caught:
        wit.load(f"package a:b; world w {{\n{body}\n}}", "w.wit")
    assert str(caught.value).startswith(f"w.wit:{line}: "), str(caught.value)
    return caught.value.reason


def test_a_world_becomes_typed_functions() -> None:
    world = wit.load(WORLD)
    draw, quiet, mean, listed = world.exports
    point = Primitive("f32")
    assert [param.name for param in draw.params] == ["shape", "at", "how"]
    assert isinstance(draw.params[0].type, Variant)
    assert [case.name for case in draw.params[0].type.cases] == ["dot", "circle", "corners"]
    assert isinstance(draw.params[1].type, Option) and isinstance(draw.params[1].type.some, Record)
    assert [f.type for f in draw.params[1].type.some.fields] == [point, point]
    assert isinstance(draw.params[2].type, Tuple)
    assert [type(item) for item in draw.params[2].type.items] == [Enum, Flags]
    assert draw.result == Result(Primitive("u32"), Primitive("string"))
    assert (quiet.params, quiet.result) == ((), None)
    assert mean.result == Result(None, Primitive("string"))
    assert listed.result == Result()
    assert [f.core_name for f in world.imports] == ["log"]


def test_core_names_follow_the_tool_conventions() -> None:
    names = [function.core_name for function in wit.load(WORLD).exports]
    assert names == ["draw", "quiet", "stats#mean", "test:all/geometry@1.2.3#list"]


def test_doc_comments_stay_with_what_they_describe() -> None:
    world = wit.load(WORLD)
    assert world.exports[0].docs == "Draws\nit."
    point = world.exports[0].params[1].type
    assert isinstance(point, Option) and isinstance(point.some, Record)
    assert point.some.docs == "A point\nin space."


def test_interfaces_of_other_packages_are_found() -> None:
    text = "package a:b; world w { use test:all/types@1.2.3.{points}; export size: func(of: points) -> u32; }"
    world = wit.load(text, others=[(WORLD, "all.wit")])
    assert isinstance(world.exports[0].params[0].type, ListOf)
    with pytest.raises(WitError, match="there is no interface"):
        wit.load(text)


def test_the_world_is_chosen_by_name_when_there_are_several() -> None:
    text = "package a:b; world one { export f: func(); } world two { export g: func(); }"
    assert [f.name for f in wit.load(text, world="two").exports] == ["g"]
    for world in ("", "three"):
        with pytest.raises(WitError):
            wit.load(text, world=world)


def test_every_contract_has_a_descriptor_that_devices_read() -> None:
    functions = wit.load(WORLD).exports
    assert list(Types(descriptor.encode(functions)).functions) == [f.core_name for f in functions]


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        ("resource file;", 2, "resources are not for devices"),
        ("export f: func(a: own<file>);", 2, "resources are not for devices"),
        ("export f: func(\n  a: borrow<file>);", 3, "resources are not for devices"),
        ("export f: func() -> stream<u8>;", 2, "streams are not for devices"),
        ("export f: func() -> future<u8>;", 2, "futures are not for devices"),
        ("export f: async func();", 2, "asynchronous"),
        ("export f: func(a: list<u8, 4>);", 2, "fixed length"),
        ("include other;", 2, "including worlds is not supported"),
        ("flags many { " + ", ".join(f"f{n}" for n in range(33)) + " }\nexport f: func(a: many);", 2, "at most 32"),
        ("export f: func(a: u128);", 2, "there is no type 'u128'"),
        ("export f: func(a: string<u8>);", 2, "takes no types"),
        ("export f: func(a: option<u8, u8>);", 2, "takes 1 to 1 types"),
        ("export f: func(a: list);", 2, "takes 1 to 1 types"),
        ("record empty {}\nexport f: func(a: empty);", 2, "is empty"),
        ("export f: func(a: u8,\n\n a: u8);", 4, "parameter 'a' is declared twice"),
        ("record r {\n a: u8,\n A: u8 }\nexport f: func(a: r);", 4, "differs from 'a' in case only"),
        ("type t = u8;\nenum t { a }", 3, "type 't' is declared twice"),
        ("type a = list<b>;\nrecord b { a: option<a> }\nexport f: func(a: a);", 3, "contains itself"),
        ("type a = a;\nexport f: func(a: a);", 2, "contains itself"),
        ("use nowhere.{x};\nexport f: func(a: x);", 2, "there is no interface 'nowhere'"),
        ("export nowhere;", 2, "there is no interface"),
        ("export f: func(a: " + "list<" * 13 + "u8" + ">" * 13 + ");", 2, "nested deeper than 12"),
        ("export f: func(a: " + "list<" * 100 + "u8" + ">" * 100 + ");", 2, "nested deeper than"),
        ("export f: func(", 3, "expected a name"),
        ("export f func();", 2, "expected"),
        ("export F-x: func();\nexport fooBar: func();", 3, "no name"),
        ("/* never closed", 2, "never closed"),
        ("export f: func(); $", 2, "unexpected '$'"),
    ],
)  # fmt: skip
def test_what_devices_cannot_do_is_refused_with_its_line(body: str, line: int, reason: str) -> None:
    assert reason in refusal(body, line)


def test_interfaces_that_use_each_other_in_a_circle_are_refused() -> None:
    text = "package a:b; interface x { use y.{t}; } interface y { use x.{t}; } world w { use x.{t}; export f: func(a: t); }"
    with pytest.raises(WitError, match="contains itself"):
        wit.load(text)


def test_types_that_double_with_each_line_are_refused_at_once() -> None:
    lines = ["record r0 { a: u8 }"] + [f"record r{n} {{ a: r{n - 1}, b: r{n - 1} }}" for n in range(1, 60)]
    assert "devices do not take" in refusal("\n".join(lines) + "\nexport f: func(a: r59);", 13)


@pytest.mark.parametrize("step", ["type t{} = t{};", "record t{} {{ a: t{} }}", "type t{} = list<t{}>;"])
def test_long_chains_of_types_are_refused(step: str) -> None:
    lines = [step.format(number + 1, number) for number in range(2000)]
    assert "more than 64 others" in refusal("type t0 = u8;\n" + "\n".join(lines) + "\nexport f: func(a: t2000);", 1939)


def test_a_huge_contract_is_refused() -> None:
    with pytest.raises(WitError, match="characters"):
        wit.load("//" + "x" * (256 * 1024))


def test_every_truncation_is_refused_or_whole() -> None:
    for length in range(len(WORLD) - 120):
        with pytest.raises(WitError):
            wit.load(WORLD[:length], world="all")


@pytest.mark.parametrize("number", range(100))
def test_random_types_are_read_as_they_were_written(number: int) -> None:
    kind = abi_random.random_type(random.Random(f"wit {number}"))
    functions = (Function("f", (Member("x", kind),), kind), Function("list", (), None))
    read = wit.load(wit_text.world(functions)).exports
    assert [f.name for f in read] == ["f", "list"]
    assert descriptor.encode(read) == descriptor.encode(functions)


def test_the_parameters_of_a_function_have_so_many_parts_together() -> None:
    wide = "variant wide { " + ", ".join(f"c{i}(u8)" for i in range(900)) + " }"
    for count, fits in ((2, True), (3, False)):
        params = ", ".join(f"p{i}: wide" for i in range(count))
        text = f"package a:b;\nworld w {{\n{wide}\nexport f: func({params});\n}}"
        if fits:
            assert len(wit.load(text).exports[0].params) == count
        else:
            with pytest.raises(WitError, match="parameters of f are made of more than 2000 parts"):
                wit.load(text)


def test_names_of_an_enum_count_as_parts() -> None:
    names = ", ".join(f"n{i}" for i in range(2000))
    with pytest.raises(WitError, match="more than 2000 parts"):
        wit.load(f"package a:b;\nworld w {{\nenum e {{ {names} }}\nexport f: func(x: e);\n}}")


def test_a_name_that_no_descriptor_holds_is_refused() -> None:
    function = Function("f", (Member("n" * 256, Primitive("u8")),), None)
    with pytest.raises(Refused, match="256 characters"):
        descriptor.encode([function])
    tool = Tool("f", function, "Does it.")
    with pytest.raises(AdmissionError, match="256 characters"):
        describe([tool])


def test_two_tools_may_share_an_export_only_with_the_same_types() -> None:
    one = Function("f", (Member("x", Primitive("u8"), "Said so."),), None)
    same = Function("f", (Member("x", Primitive("u8")),), None)
    assert list(Types(describe([Tool("a", one, "A."), Tool("b", same, "B.")])).functions) == ["f"]
    for other in (Member("x", Primitive("s32")), Member("y", Primitive("u8"))):
        with pytest.raises(AdmissionError, match="different parameters"):
            describe([Tool("a", one, "A."), Tool("b", Function("f", (other,), None), "B.")])
