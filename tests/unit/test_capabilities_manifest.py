# SPDX-License-Identifier: Apache-2.0
"""`[capabilities]` of Component.toml: short forms, and the key of whatever is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from motet.components import artifact, capabilities, tools
from motet.components.capabilities import policy_fields
from motet.components.errors import ManifestError
from motet.components.grants import context, decide
from motet.components.manifest import Manifest, parse
from motet.policy import Policy
from motet.policy.engine import DEFAULT

HEAD = """[component]
name = "pump"
revision = 1
description = "d"
[[tool]]
name = "run"
description = "d"
"""


def manifest(text: str) -> Manifest:
    return parse(f"{HEAD}[capabilities]\n{text}\n")


def limits(text: str) -> dict[int, list[list[Any]]]:
    return manifest(text).capabilities.limits()


def test_without_the_table_nothing_is_wanted() -> None:
    assert parse(HEAD).capabilities.limits() == {} and parse(HEAD).capabilities.expires is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("log = {}", {1: [[0]]}),
        ("clock = { rate = 5 }", {2: [[5]]}),
        ('sensors = ["temp*"]', {4: [["temp*", 0]]}),
        ('sensors = [{ name = "temp*", rate = 10 }]', {4: [["temp*", 10]]}),
        ('gpio = [{ pin = 3, direction = "out" }]', {5: [[3, 1, 0]]}),
        ('bus = [{ name = "i2c0", address = 0x40 }]', {6: [["i2c0", 64, 0]]}),
        ('store = { keys = ["state/*", "x"], quota = 1024 }', {7: [["state/*", 1024, 0], ["x", 1024, 0]]}),
        (
            'messaging = { publish = ["alarm/*"], subscribe = ["sensor/+"], request = ["other"], rate = 10 }',
            {8: [[0, "alarm/*", 10], [1, "sensor/+", 10], [2, "other", 10]]},
        ),
        ('models = ["digits"]', {9: [["digits", 0]]}),
        ('models = [{ name = "digits", rate = 2 }]', {9: [["digits", 2]]}),
    ],
)
def test_each_capability_becomes_entries_of_a_grant(text: str, wanted: Any) -> None:
    assert limits(text) == wanted


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("12h", 43200), ("30d", 2592000), ("2w", 1209600)])
def test_expires_is_a_duration(text: str, seconds: int) -> None:
    assert manifest(f'log = {{}}\nexpires = "{text}"').capabilities.expires == seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("telephone = {}", "there is no capability 'telephone'; there are log, clock, vitals, sensors, gpio, bus, store"),
        ("log = 3", "log: expected a table"),
        ("log = { level = 1 }", "log: there is no key 'level'; there are rate"),
        ("log = { rate = 0 }", "log.rate: expected a number from 1 to 10000"),
        ("log = { rate = true }", "log.rate: expected a number"),
        ("sensors = {}", "sensors: expected a list"),
        ("sensors = []", "sensors: expected a list"),
        ("sensors = [3]", "sensors: expected a table"),
        ("sensors = [{}]", "sensors: name is missing"),
        ('sensors = ["*temp"]', "sensors.name: expected a name of visible characters, with '*' only at its end"),
        ('sensors = ["../a"]', "sensors.name: expected"),
        ('sensors = [""]', "sensors.name: expected"),
        ('sensors = ["a", "a"]', "the same one is wanted twice"),
        ('gpio = [{ pin = 3, direction = "both" }]', "gpio.direction: expected one of in, out, not 'both'"),
        ('gpio = [{ pin = -1, direction = "in" }]', "gpio.pin: expected a number from 0"),
        ("gpio = [{ pin = 3 }]", "gpio: direction is missing"),
        ('bus = [{ name = "i2c*", address = 1 }]', "bus.name: expected a name of visible characters without"),
        ('store = { keys = ["a"] }', "store: quota is missing"),
        ('store = { keys = "a", quota = 1 }', "store.keys: expected a list of texts"),
        ('messaging = { publish = ["a/#/b"] }', "messaging.topic: expected a topic of levels"),
        ('messaging = { broadcast = ["a"] }', "messaging: there is no key 'broadcast'"),
        ('expires = "1 year"', "expires: expected a duration like '30d'"),
        ('expires = "9999999w"', "expires: expected a duration"),
        ("expires = 30", "expires: expected a duration"),
        ("models = [" + ", ".join(f'"m{n}"' for n in range(33)) + "]", "more than 32 entries"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(text: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifest(text)
    assert said in str(caught.value) and "capabilities" in str(caught.value)


def test_policies_see_the_values_of_each_entry() -> None:
    rules = Policy(
        """permit(principal in Motet::Publisher::"anna", action == Motet::Action::"gpio", resource in Motet::Device::"press-1")
          when { context.pin < 4 && context.direction == "out" && context.expires > 0 && context.expires <= 3600 };
        permit(principal == Motet::Component::"pump", action == Motet::Action::"sensors", resource)
          when { context.name like "temp*" };""",
        policy_fields(),
    )
    wanted = manifest('gpio = [{ pin = 3, direction = "out" }]\nsensors = ["temp*", "temp1"]\nexpires = "1h"')
    assert decide(rules, wanted, ("anna",), "press-1", "b") == []
    assert [str(each.capability) for each in decide(rules, wanted, (), "press-1", "b")] == ["gpio"]
    assert len(decide(rules, wanted, ("anna",), "press-2", "b")) == 1
    for text in ('gpio = [{ pin = 4, direction = "out" }]', 'gpio = [{ pin = 3, direction = "in" }]', 'sensors = ["*"]'):
        (refused,) = decide(rules, manifest(text + '\nexpires = "1h"'), ("anna",), "press-1", "b")
        assert "no policy allows it" in str(refused)


def test_the_default_gives_signed_components_what_harms_nobody() -> None:
    rules = Policy(DEFAULT.read_text(), policy_fields())
    harmless = manifest('log = {}\nclock = {}\nvitals = {}\nstore = { keys = ["*"], quota = 4096 }')
    assert decide(rules, harmless, ("anna",), "d", "b") == []
    assert len(decide(rules, harmless, (), "d", "b")) == 4
    for text in (
        'sensors = ["a"]',
        'gpio = [{ pin = 1, direction = "in" }]',
        'bus = [{ name = "i2c0", address = 1 }]',
        'store = { keys = ["a"], quota = 4097 }',
        'messaging = { publish = ["a"] }',
        'models = ["a"]',
    ):
        assert len(decide(rules, manifest(text), ("anna",), "d", "b")) == 1, text


def test_an_error_in_a_policy_denies_capabilities_too() -> None:
    broken = 'permit(principal, action, resource); forbid(principal, action == Motet::Action::"gpio", resource) when {'
    rules = Policy(broken + " context.pin * 9223372036854775807 > 0 };", policy_fields())
    (refused,) = decide(rules, manifest('gpio = [{ pin = 3, direction = "in" }]'), (), "d", "b")
    assert "could not decide" in refused.reason


def test_a_pattern_says_that_it_is_one() -> None:
    assert context("sensors", {"name": "a*"}, None) == {"name": "a*", "rate": 0, "wildcard": True, "expires": 0}
    assert context("messaging", {"direction": "publish", "topic": "a/+"}, 60)["wildcard"] is True
    assert context("gpio", {"pin": 1, "direction": "in", "rate": 5}, 60)["wildcard"] is False
    assert set(policy_fields()) == set(capabilities.known())


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ('sensors = ["a"]\nlog = {}', True),
        ('gpio = [{ pin = 1, direction = "out" }]', False),
        ('messaging = { publish = ["a"] }', False),
    ],
)
def test_tools_of_what_acts_on_the_world_do_not_call_themselves_harmless(text: str, harmless: bool) -> None:
    wanted = manifest(text)
    (entry,) = artifact.tool_entries(tools.of(wanted, ""), wanted.capabilities.wanted)
    assert ("annotations" in entry) == harmless
