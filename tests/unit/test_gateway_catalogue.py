# SPDX-License-Identifier: Apache-2.0
"""What clients see as the list of tools: names, order, pages, and what is left out and why."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_types import methods
from tests.support.memory_fleet import ADD, MemoryDevice

from motet.gateway.catalogue import BadCursor, Catalogue


def catalogue(*devices, page_size=100, max_tools=256):
    made = Catalogue(page_size, max_tools)
    for device in devices:
        made.show(device)
    return made


def named(*names, **fields):
    return [{**ADD, "name": name, **fields} for name in names]


def names(made, modern=True):
    found, cursor = [], None
    while True:
        entries, cursor = made.page(cursor, modern)
        found += [entry["name"] for entry in entries]
        if cursor is None:
            return found


def test_a_tool_is_named_by_device_and_tool():
    assert names(catalogue(MemoryDevice("pump-1", named("vitals.read")))) == ["pump-1.vitals.read"]


def test_the_order_does_not_depend_on_arrival():
    one, two = MemoryDevice("a", named("z", "b")), MemoryDevice("b", named("y", "a"))
    assert names(catalogue(one, two)) == names(catalogue(two, one)) == ["a.b", "a.z", "b.a", "b.y"]


@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 100])
def test_pages_together_are_the_whole_list(page_size):
    made = catalogue(*(MemoryDevice(f"d{i}", named("x", "y")) for i in range(5)), page_size=page_size)
    assert names(made) == [f"d{i}.{tool}" for i in range(5) for tool in ("x", "y")]


def test_a_cursor_stays_good_while_devices_come_and_go():
    made = catalogue(*(MemoryDevice(f"d{i}", named("x")) for i in range(6)), page_size=2)
    _, cursor = made.page(None, True)
    made.hide("d1")
    made.show(MemoryDevice("d0a", named("x")))
    assert [entry["name"] for entry in made.page(cursor, True)[0]] == ["d2.x", "d3.x"]


@given(st.text(max_size=20))
@settings(derandomize=True, max_examples=100)
def test_any_text_as_cursor_is_refused_or_gives_a_page(cursor):
    made = catalogue(MemoryDevice("d", named("x")))
    with contextlib.suppress(BadCursor):
        made.page(cursor, True)


def test_a_name_longer_than_64_is_left_out_and_counted(caplog):
    device = MemoryDevice("d" * 32, named("x" * 31, "y" * 32))
    made = catalogue(device)
    assert names(made) == [f"{'d' * 32}.{'x' * 31}"]
    assert made.left_out() == {"bad_name": 1}
    assert "65 characters" in caplog.text


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ({**ADD, "name": "has blank"}, "bad_name"),
        ({**ADD, "name": ""}, "bad_name"),
        ({**ADD, "name": "new\nline"}, "bad_name"),
        ({**ADD, "name": 7}, "malformed"),
        ({"name": "no-schema"}, "malformed"),
        ({**ADD, "description": 5}, "malformed"),
        ({**ADD, "annotations": "none"}, "malformed"),
        ({**ADD, "inputSchema": {"type": "object", "properties": 1}}, "bad_schema"),
        ({**ADD, "inputSchema": {"type": "object", "properties": {"a": {"type": "object", "x-mcp-header": "A"}}}}, "bad_schema"),
        ("not even a map", "malformed"),
        (None, "malformed"),
    ],
)
def test_a_bad_tool_is_left_out_and_the_others_stay(tool, kind):
    made = catalogue(MemoryDevice("d", [tool, *named("good")]))
    assert names(made) == names(made, modern=False) == ["d.good"]
    assert made.left_out() == {kind: 1}


def test_a_name_given_twice_counts_once():
    made = catalogue(MemoryDevice("d", named("x", "x")))
    assert names(made) == ["d.x"]
    assert made.left_out() == {"duplicate": 1}


def test_a_device_cannot_flood_the_list():
    made = catalogue(MemoryDevice("d", named(*(f"t{i}" for i in range(10)))), max_tools=4)
    assert len(names(made)) == 4
    assert made.left_out() == {"too_many": 6}


def test_a_device_cannot_make_the_gateway_check_schemas_for_minutes():
    huge = {**ADD, "name": "huge", "inputSchema": {"type": "object", "properties": {f"p{i}": {} for i in range(100_000)}}}
    made = catalogue(MemoryDevice("d", [*named("before"), huge, *named("after")]))
    assert names(made) == ["d.before"]
    assert made.left_out() == {"too_large": 2}


def test_older_clients_are_spared_an_output_schema_they_would_refuse():
    made = catalogue(MemoryDevice("d", named("x", outputSchema={"type": "array"})))
    assert made.page(None, True)[0][0]["outputSchema"] == {"type": "array"}
    assert "outputSchema" not in made.page(None, False)[0][0]


def test_a_new_catalogue_of_a_device_replaces_its_old_one():
    made = catalogue(MemoryDevice("d", named("old", "kept")))
    before = made.fingerprint("d")
    made.show(MemoryDevice("d", named("kept", "new")))
    assert names(made) == ["d.kept", "d.new"]
    assert made.get("d.old") is None
    assert made.fingerprint("d") not in (before, None)


def test_a_device_without_tools_changes_nothing_that_clients_see():
    made = catalogue(MemoryDevice("d", named("x")), MemoryDevice("empty", []))
    assert made.fingerprint("empty") is made.fingerprint("nobody") is None


def test_hiding_a_device_that_is_not_shown_is_no_error():
    catalogue().hide("nobody")


def test_what_is_left_out_is_logged_once_for_each_catalogue(caplog):
    made, device = catalogue(), MemoryDevice("d", named("has blank"))
    for _ in range(3):
        made.show(device)
        made.hide("d")
    assert caplog.text.count("left out") == 1


def test_a_device_that_is_forgotten_leaves_nothing_behind():
    made = catalogue(MemoryDevice("d", named("x", "has blank")))
    made.forget("d")
    assert names(made) == [] and not made._complained and not made.left_out()


keywords = st.sampled_from(
    ["type", "properties", "required", "items", "$ref", "$defs", "enum", "pattern", "x-mcp-header", "minimum", "anyOf", "not"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["object", "#/a", "string"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | keywords, inner, max_size=3),
    max_leaves=10,
)
tools = st.fixed_dictionaries(
    {"name": st.just("t") | json_values, "inputSchema": st.dictionaries(keywords, json_values, max_size=4) | json_values},
    optional=dict.fromkeys(("description", "title", "outputSchema", "annotations", "icons", "_meta"), json_values),
)


@given(st.lists(tools | json_values, max_size=3))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_whatever_a_device_lists_clients_of_every_revision_get_a_valid_list(listed):
    made = catalogue()
    made.show(Listed(listed))
    for version, modern in (("2026-07-28", True), ("2025-11-25", False), ("2024-11-05", False)):
        page = {"tools": made.page(None, modern)[0], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
        methods.serialize_server_result("tools/list", version, page)
    for name in names(made):
        made.get(name).definition.check({"a": 1})


class Listed:
    """A device with tools that cannot all be hashed the usual way."""

    id, online, catalogue_hash = "d", True, b"\0" * 16

    def __init__(self, tools):
        self.tools = tools
