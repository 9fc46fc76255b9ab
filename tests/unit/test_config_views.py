# SPDX-License-Identifier: Apache-2.0
"""Groups and virtual servers in motet.toml: a name that could ever mean two things is an error of the file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.config import check, load
from motet.config.patterns import Template, fits, meet

GOOD = """\
[[group]]
name = "presses"
title = "The presses"
devices = ["press-*", "oven"]

[[server]]
name = "line"
instructions = "Ask before anything moves."
tools = [
  { device = "press-1", tool = "vitals.read", as = "temperature", description = "Of the first press." },
  { device = "press-*", tool = "*" },
  { device = "oven", tool = "heat", as = "heat_{device}" },
]
prompts = [{ device = "oven", prompt = "*", as = "oven.{prompt}" }]
resources = [
  { device = "oven", resource = "device://sensors/heat", as = "line://heat" },
  { device = "*", resource = "gateway://twin" },
]
gateway = ["models.infer"]
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "motet.toml"
        path.write_text(text)
        return path

    return write


def test_groups_and_servers_are_read_with_what_is_not_said(file):
    assert check(file(GOOD)) == []
    config = load(file(GOOD), {})
    assert config.group[0].devices == ["press-*", "oven"]
    (server,) = config.server
    assert [entry.exposed for entry in server.tools] == ["temperature", "{device}.{tool}", "heat_{device}"]
    assert [entry.exposed for entry in server.resources] == ["line://heat", ""]


def server(text):
    return f'[[server]]\nname = "line"\n{text}\n'


def tools(*entries):
    return server("tools = [\n" + "".join(f"  {{ {entry} }},\n" for entry in entries) + "]")


ONE = 'device = "a", tool = "read", as = "read"'


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        (tools(ONE, 'device = "b", tool = "read", as = "read"'), 2, "server[0].tools[1].as", "tools[0]"),
        (tools(ONE, 'device = "b", tool = "*", as = "{tool}"'), 2, "server[0].tools[1].as", "may give"),
        (tools('device = "a", tool = "*", as = "{tool}"', 'device = "b", tool = "*", as = "{tool}"'), 2, "", "'*'"),
        (tools('device = "*", tool = "*"', 'device = "a", tool = "x", as = "b.y"'), 2, "", "'b.y'"),
        (tools('device = "press-*", tool = "read", as = "read"'), 2, "server[0].tools[0].as", "needs {device}"),
        (tools('device = "a", tool = "*", as = "read"'), 2, "", "needs {tool}"),
        (tools('device = "*", tool = "*", as = "{device}_{tool}"'), 2, "", "needs a '.'"),
        (tools('device = "a", tool = "x", as = "{device}{device}"'), 2, "", "each once"),
        (tools('device = "a", tool = "x", as = "two words"'), 2, "", "expected letters"),
        (tools('device = "a", tool = "x", as = ""'), 2, "", "too long"),
        (tools(f'device = "a", tool = "x", as = "{"y" * 65}"'), 2, "", "too long"),
        (tools('device = "a/b", tool = "x"'), 2, "server[0].tools[0].device", "any text"),
        (tools('device = "a", tool = "x y"'), 2, "server[0].tools[0].tool", "1 to 128"),
        (tools('device = "a", tool = "x", tol = "x"'), 2, "", "did you mean tool"),
        (tools('device = "a"'), 2, "server[0].tools[0].tool", "needed"),
        (tools('device = "a", tool = "x", as = "models.infer"') + 'gateway = ["models.*"]\n', 2, "", "a tool of the gateway"),
        (server('resources = [{ device = "a", resource = "x://*", as = "line://x" }]'), 3, "", "without *"),
        (server('resources = [{ device = "a", resource = "x://y", as = "motet://a/x/y" }]'), 3, "", "motet://"),
        (server('resources = [{ device = "a", resource = "x://y", as = "nothing" }]'), 3, "", "expected a URI"),
        (server('prompts = [{ device = "*", prompt = "p", as = "p" }]'), 3, "server[0].prompts[0].as", "{device}"),
        ('[[group]]\nname = "a b"\ndevices = ["x"]\n', 2, "group[0].name", "1 to 32"),
        ('[[group]]\nname = "a"\ndevices = []\n', 3, "group[0].devices", "at least 1"),
        ('[[group]]\nname = "a"\n', 1, "group[0].devices", "needed"),
        ('[[group]]\nname = "a"\ndevices = ["x"]\n[[group]]\nname = "a"\ndevices = ["y"]\n', 5, "group[1].name", "another"),
        ('[[server]]\nname = "a"\n[[server]]\nname = "a"\n', 4, "server[1].name", "another"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(file, text, line, key, says):
    (problem,) = check(file(text))
    assert key in (problem.key, "")
    assert says in problem.message
    assert abs(problem.line - line) <= 1, problem


def test_the_same_resource_address_twice_is_refused(file):
    entry = '{{ device = "{}", resource = "x://y", as = "line://x" }}'
    (problem,) = check(file(server(f"resources = [{entry.format('a')}, {entry.format('b')}]")))
    assert "resources[0]" in problem.message


def test_entries_that_can_never_meet_may_be_written_alike(file):
    for pair in (
        ('device = "press-*", tool = "read", as = "read_{device}"', 'device = "oven-*", tool = "get", as = "read_{device}"'),
        ('device = "a", tool = "*", as = "{tool}.x"', 'device = "a", tool = "x.*", as = "{tool}.x"'),
        ('device = "*", tool = "x.*"', 'device = "*", tool = "*"'),
        (ONE, ONE),
    ):
        assert check(file(tools(*pair))) == [], pair


PATTERN = st.text("ab*", max_size=7)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(one=PATTERN, other=PATTERN, text=st.text("ab", max_size=7))
def test_patterns_that_a_text_fits_both_meet(one, other, text):
    if fits(one, text) and fits(other, text):
        assert meet(one, other) and meet(other, one)
    assert meet(one, one)
    if not meet(one, other):
        assert not (fits(one, text) and fits(other, text))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    text=st.sampled_from(["{device}.{tool}", "{tool}.{device}", "x_{device}..{tool}", "{device}-a.b{tool}"]),
    device=st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True),
    own=st.from_regex(r"[A-Za-z0-9_.-]{1,30}", fullmatch=True),
)
def test_a_template_reads_back_what_it_was_made_of(text, device, own):
    template = Template(text, "tool")
    assert template.problem("*", "*") is None
    assert template.back(template.fill(device, own)) == (device, own)
