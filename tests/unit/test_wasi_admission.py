# SPDX-License-Identifier: Apache-2.0
"""What components for gateways may import of WASI: each import is offered, wanted and has its type, or is refused by name."""

from __future__ import annotations

import pytest
import wasmtime
from tests.support import wasi_guest
from wasmtime import component as wc

from motet.components import component_types, wit
from motet.components.errors import AdmissionError, ManifestError
from motet.components.jit import Error
from motet.components.jit.code import engine
from motet.components.jit.whole import Compiled, Whole
from motet.components.manifest import parse
from motet.components.wasi import admit, groups

WORLD, FUEL = wit.load(wasi_guest.CONTRACT), 5000
HEAD = '[component]\nname = "guest"\nrevision = 1\ndescription = "d"\nwit = "guest.wit"\n'


@pytest.fixture(scope="module")
def guest() -> Compiled:
    return Compiled(wc.Component(engine(), wasi_guest.component()))


def import_of(path: str, function: str) -> str:
    return f'(import "{path}" (instance (export {function})))'


@pytest.mark.parametrize(
    ("more", "rule", "said"),
    [
        (
            import_of("wasi:http/outgoing-handler@0.2.0", '"handle" (func)'),
            "imports",
            "outgoing-handler.*no such interface",
        ),
        ('(import "wasi:http/types@0.2.0" (instance))', "imports", "wasi:http/types.*no such interface"),
        (import_of("wasi:random/random@0.3.0", '"get-random-u64" (func (result u64))'), "imports", "@0.3.0.*no such interface"),
        (import_of("wasi:random/random@0.2.0-rc1", '"get-random-u64" (func (result u64))'), "imports", "rc1.*no such interface"),
        (import_of("wasi:random/random", '"get-random-u64" (func (result u64))'), "imports", "no such interface"),
        (import_of("wasi:random/random@0.2.0", '"get-better-bytes" (func)'), "imports", "get-better-bytes.*no such function"),
        (
            import_of("wasi:random/random@0.2.0", '"get-random-u64" (func (result u32))'),
            "imports",
            "u64.*another type",
        ),
        (import_of("wasi:random/random@0.2.0", '"dice" (type (sub resource))'), "imports", "dice.*no such resource"),
        (import_of("wasi:cli/exit@0.2.0", '"exit" (func (param "s" u32))'), "imports", "exit.*another type"),
        (import_of("wasi:sockets/udp-create-socket@0.2.0", '"create-udp-socket" (func)'), "imports", "another type"),
        (import_of("wasi:filesystem/types@0.2.0", '"filesystem-error-code" (func)'), "imports", "another type"),
        (import_of("wasi:keyvalue/store@0.2.0", '"bucket" (type (sub resource))'), "imports", "no such interface"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(more: str, rule: str, said: str) -> None:
    code = bytes(wasmtime.wat2wasm(f"(component {more})"))
    found = component_types.describe(engine(), code)
    with pytest.raises(AdmissionError, match=said) as caught:
        admit.check(found, set(groups.GROUPS))
    assert caught.value.rule == rule
    with pytest.raises(Error):
        Whole(code, WORLD, {}, FUEL)


@pytest.mark.parametrize("left_out", groups.GROUPS)
def test_what_is_not_wanted_is_refused_by_name(left_out: str, guest: Compiled) -> None:
    admit.check(guest.told, set(groups.GROUPS))
    with pytest.raises(AdmissionError, match=f"add '{left_out}' to wasi in") as caught:
        admit.check(guest.told, set(groups.GROUPS) - {left_out})
    assert caught.value.rule == "capabilities"
    with pytest.raises(AdmissionError, match="does not want it"):
        admit.check(guest.told, set())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('wasi = ["sockets"]', "expected one of clocks, random, stdio, closed, not 'sockets'"),
        ('wasi = ["clocks", "clocks"]', "the same one is wanted twice"),
        ("wasi = []", "wasi: expected a list"),
        ('wasi = [{ name = "random", rate = 0 }]', "wasi.rate: expected a number from 1"),
    ],
)
def test_parts_that_do_not_exist_are_refused_in_the_manifest(text: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        parse(f'{HEAD}place = "gateway"\n[capabilities]\n{text}\n')


def test_wasi_is_for_gateways_and_becomes_entries_of_a_grant() -> None:
    wanted = '[capabilities]\nwasi = ["clocks", { name = "stdio", rate = 5 }]\n'
    assert parse(f'{HEAD}place = "gateway"\n{wanted}').capabilities.limits() == {10: [[0, 0], [2, 5]]}
    with pytest.raises(ManifestError, match='wasi is for components on gateways: say place = "gateway"'):
        parse(HEAD + wanted)
