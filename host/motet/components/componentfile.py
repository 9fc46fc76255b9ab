# SPDX-License-Identifier: Apache-2.0
"""Components in the Component Model's binary format, and the core module inside that does the work.

Read here (Component Model, Binary.md): which core module each lifted function comes from, and how. A device runs that module and
nothing else of the component, so what stands around it may only be what wit-component puts there to connect it: modules without
a memory and without globals, nested components that hold no code. Types are compared elsewhere, as wasmtime has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from motet.components.errors import AdmissionError
from motet.components.reader import Malformed, Reader
from motet.components.wasmfile import GLOBAL, MEMORY, sections

MAGIC = b"\0asm\x0d\0\x01\0"
CUSTOM, MODULE, INSTANCE, CORE_TYPE, COMPONENT, COMPONENT_INSTANCE, ALIAS, TYPE, CANON, START = range(10)
_CORE = 0x00
_CORE_SORTS = {0x00: "func", 0x01: "table", 0x02: "memory", 0x03: "global", 0x10: "type", 0x11: "module", 0x12: "instance"}
_LIFT, _LOWER = 0x00, 0x01
_UTF8, _MEMORY, _REALLOC, _POST = 0x00, 0x03, 0x04, 0x05
_OPTIONS = {0x01: "UTF-16", 0x02: "Latin-1", 0x06: "async", 0x07: "async", 0x08: "core types"}
_MAX_ITEMS = 4096


@dataclass(frozen=True)
class Item:
    """Where something of the core comes from: the export ``name`` of core instance number ``instance``; None: not from one."""

    instance: int | None
    name: str = ""


@dataclass(frozen=True)
class Lift:
    """One function that the component makes of a core function, at byte ``at``, with what else of the core it uses."""

    at: int
    function: int
    options: tuple[tuple[int, int], ...]


@dataclass
class _Layout:
    """What the sections of one component define, by kind and in order."""

    modules: list[tuple[int, int]] = field(default_factory=list)
    # Each core instance's module; None for one put together from exports.
    instances: list[int | None] = field(default_factory=list)
    items: dict[str, list[Item]] = field(default_factory=lambda: {sort: [] for sort in _CORE_SORTS.values()})
    lifts: list[Lift] = field(default_factory=list)
    customs: list[tuple[int, int]] = field(default_factory=list)


def is_component(data: bytes) -> bool:
    """Whether it begins like a component; the rest may be anything."""
    return data.startswith(MAGIC)


def unbundle(data: bytes) -> bytes:
    """The core module behind all functions of a component, with the component's custom sections. Raises AdmissionError."""
    try:
        layout = _layout(data)
        number = _only_module(layout)
        for other, (start, end) in enumerate(layout.modules):
            if other != number:
                _check_helper(data, start, end)
    except Malformed as error:
        raise AdmissionError("component", error.reason, f"byte {error.offset:#x}") from None
    start, end = layout.modules[number]
    return data[start:end] + b"".join(data[start:end] for start, end in layout.customs)


def _layout(data: bytes) -> _Layout:
    layout, reader = _Layout(), Reader(data, len(MAGIC))
    while not reader.done:
        at, number = reader.position, reader.byte()
        content = reader.section(reader.u32())
        if number in (CUSTOM, MODULE):
            place = (at, content.end) if number == CUSTOM else (content.position, content.end)
            (layout.customs if number == CUSTOM else layout.modules).append(place)
        elif number == COMPONENT:
            _check_wiring(data, content)
        elif number in _READERS:
            for _ in content.vector(lambda n=number, c=content: _READERS[n](layout, c)):  # type: ignore[misc]
                if sum(map(len, layout.items.values())) > _MAX_ITEMS:
                    raise Malformed(content.position, f"more than {_MAX_ITEMS} aliases and functions")
            if not content.done:
                raise Malformed(content.position, f"section {number} has bytes left over")
        elif number == START:
            raise Malformed(at, "a start function would run before any limit is set")
    return layout


def _instance(layout: _Layout, reader: Reader) -> None:
    form = reader.byte()
    if form == 0:
        layout.instances.append(reader.u32())
        for _ in reader.vector(lambda: (reader.name(), reader.byte(), reader.u32())):
            pass
    elif form == 1:
        layout.instances.append(None)
        for _ in reader.vector(lambda: (reader.name(), reader.byte(), reader.u32())):
            pass
    else:
        raise Malformed(reader.position - 1, f"a core instance of unknown form {form:#04x}")


def _alias(layout: _Layout, reader: Reader) -> None:
    at = reader.position
    sort = _CORE_SORTS.get(reader.byte(), "") if reader.byte() == _CORE else "component's"
    target = reader.byte()
    if target > 2:
        raise Malformed(reader.position - 1, f"an alias of unknown form {target:#04x}")
    first, second = reader.u32(), reader.u32() if target == 2 else reader.name()
    if sort == "module":
        raise Malformed(at, "a core module from outside: a device has only what is in the component")
    if sort in layout.items:
        layout.items[sort].append(Item(first, str(second)) if target == 1 else Item(None))


def _canon(layout: _Layout, reader: Reader) -> None:
    at, form = reader.position, reader.byte()
    if form not in (_LIFT, _LOWER):
        kind = "resources" if form in (0x02, 0x03, 0x04) else "asynchronous functions and threads"
        raise Malformed(at, f"{kind} are not for devices (canonical function {form:#04x})")
    if reader.byte():
        raise Malformed(reader.position - 1, "a canonical function of unknown form")
    function, options = reader.u32(), tuple(reader.vector(lambda: _option(reader)))
    if form == _LIFT:
        reader.u32()
        layout.lifts.append(Lift(at, function, options))
    else:
        layout.items["func"].append(Item(None))


def _option(reader: Reader) -> tuple[int, int]:
    at, kind = reader.position, reader.byte()
    if kind in _OPTIONS or kind > _POST:
        raise Malformed(at, f"{_OPTIONS.get(kind, 'an unknown option')}: devices take UTF-8 and plain calls only")
    return kind, 0 if kind == _UTF8 else reader.u32()


_READERS = {INSTANCE: _instance, ALIAS: _alias, CANON: _canon}


def _only_module(layout: _Layout) -> int:
    """The number of the one module that all functions come from."""
    if not layout.lifts:
        raise Malformed(0, "the component makes no function of its core, so there are no tools")
    found = {_source(layout, lift) for lift in layout.lifts}
    if len(found) > 1:
        raise Malformed(layout.lifts[-1].at, "functions come from several core modules; a device runs one")
    module = layout.instances[found.pop()]
    if module is None or module >= len(layout.modules):
        raise Malformed(layout.lifts[0].at, "functions do not come from a core module")
    return module


def _source(layout: _Layout, lift: Lift) -> int:
    """The core instance a lifted function and all that it uses come from."""
    used = [("func", lift.function), *(("memory" if kind == _MEMORY else "func", at) for kind, at in lift.options if kind)]
    sources = {_item(layout, lift, *one).instance for one in used}
    source = sources.pop()
    if sources or source is None or source >= len(layout.instances):
        raise Malformed(lift.at, "a function, its memory and its realloc must all be exports of one core module")
    for kind, at in lift.options:
        _check_name(layout, lift, kind, at)
    return source


def _check_name(layout: _Layout, lift: Lift, kind: int, at: int) -> None:
    """A device finds what belongs to a function by its name."""
    function = _item(layout, lift, "func", lift.function).name
    standard = function.startswith("cm32p2|")
    wanted = {
        _MEMORY: "cm32p2_memory" if standard else "memory",
        _REALLOC: "cm32p2_realloc" if standard else "cabi_realloc",
        _POST: f"{function}_post" if standard else f"cabi_post_{function}",
    }.get(kind)
    found = _item(layout, lift, "memory" if kind == _MEMORY else "func", at).name if wanted else wanted
    if found != wanted:
        raise Malformed(lift.at, f"{function} uses the core export {found!r} where a device uses {wanted!r}")


def _item(layout: _Layout, lift: Lift, sort: str, number: int) -> Item:
    items = layout.items[sort]
    if number >= len(items):
        raise Malformed(lift.at, f"a function refers to {sort} {number}, there are {len(items)}")
    return items[number]


def _check_helper(data: bytes, start: int, end: int) -> None:
    """A module that only connects holds no state."""
    for part in sections(data[start:end]):
        if part.id in (MEMORY, GLOBAL):
            raise Malformed(start + part.start, "a second core module with memory or globals of its own (an adapter?)")


def _check_wiring(data: bytes, content: Reader) -> None:
    """A nested component may rename functions for an exported interface, no more."""
    start = content.position
    if content.take(min(len(MAGIC), content.end - start)) != MAGIC:
        raise Malformed(start, "a nested component does not begin like one")
    while not content.done:
        at, number = content.position, content.byte()
        content.take(content.u32())
        if number not in (CUSTOM, ALIAS, TYPE, 10, 11):
            raise Malformed(at, f"a nested component with code or instances of its own (section {number})")
