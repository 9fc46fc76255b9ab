# SPDX-License-Identifier: Apache-2.0
"""Decisions: what policies allow, and that nothing else is, whatever goes wrong."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.components.capabilities import policy_fields
from motet.policy import Policy, PolicyError, Request, call, capability, change, device, package, principal
from motet.policy.engine import DEFAULT
from motet.policy.schema import build

CAPABILITIES = {"sensors": {"name": "text"}, "gpio": {"pin": "number", "output": "flag"}}
ANNA = principal("anna", "operator")
BOARD = device("d1", "stm32f405")
DEFAULTS = Policy(DEFAULT.read_text(), policy_fields())
PIN = {"pin": 1, "direction": "out", "rate": 0, "wildcard": False, "expires": 0}


def policy(text: str) -> Policy:
    return Policy(text, CAPABILITIES)


def test_without_policies_everything_is_denied() -> None:
    for request in (call(ANNA, BOARD, "vote.push", "internal"), capability("vote", ("me",), "sensors", BOARD, name="t")):
        decision = policy("").decide(request)
        assert not decision.allowed and decision.reason == "no policy allows it"


def test_the_default_allows_calls_signed_packages_and_removal_only() -> None:
    signed, unsigned = package("component", "vote", 1, "author"), package("component", "vote", 1)
    assert DEFAULTS.decide(call(ANNA, BOARD, "vote.push", "internal")).reason == "allowed by calls"
    assert DEFAULTS.decide(change(ANNA, "install", signed, BOARD)).allowed
    assert not DEFAULTS.decide(change(ANNA, "install", unsigned, BOARD)).allowed
    assert DEFAULTS.decide(change(ANNA, "remove", unsigned, BOARD)).allowed
    assert not DEFAULTS.decide(capability("vote", ("author",), "gpio", BOARD, **PIN)).allowed


def test_an_unsigned_package_can_be_allowed_by_name() -> None:
    mine = policy('@id("mine") permit(principal, action == Motet::Action::"install", resource == Motet::Package::"model/mine");')
    assert mine.decide(change(ANNA, "install", package("model", "mine", 1), BOARD)).policies == ("mine",)
    assert not mine.decide(change(ANNA, "install", package("model", "other", 1), BOARD)).allowed


def test_policies_see_devices_tools_roles_and_data_classes() -> None:
    text = """permit(principal in Motet::Role::"operator", action == Motet::Action::"call", resource in Motet::Device::"d1")
      when { resource.component == "pump" && context.dataClass == "public" };
      @id("never") forbid(principal, action, resource) when { resource has name && resource.name == "explode" };"""
    rules = policy(text)
    assert rules.decide(call(ANNA, BOARD, "pump.on", "public")).allowed
    assert not rules.decide(call(ANNA, BOARD, "pump.on", "secret")).allowed
    assert not rules.decide(call(principal("bert"), BOARD, "pump.on", "public")).allowed
    assert not rules.decide(call(ANNA, device("d2", "x"), "pump.on", "public")).allowed
    assert rules.decide(call(ANNA, BOARD, "pump.explode", "public")).reason == "forbidden by never"


def test_capabilities_are_decided_by_their_values() -> None:
    rules = policy(
        'permit(principal, action == Motet::Action::"gpio", resource) when { context.pin < 4 && !context.output };'
        'permit(principal, action == Motet::Action::"sensors", resource) when { context.name like "temp*" };'
    )
    assert rules.decide(capability("a", (), "gpio", BOARD, pin=3, output=False)).allowed
    assert not rules.decide(capability("a", (), "gpio", BOARD, pin=3, output=True)).allowed
    assert not rules.decide(capability("a", (), "gpio", BOARD, pin=4, output=False)).allowed
    assert rules.decide(capability("a", (), "sensors", BOARD, name="temp1")).allowed


def test_a_value_of_another_type_a_missing_and_an_unknown_one_are_denied_with_the_reason() -> None:
    everything = policy("permit(principal, action, resource);")
    for values in (
        {"pin": "3", "output": True},
        {"pin": 3},
        {"pin": 3, "output": True, "more": 1},
        {"pin": 1 << 70, "output": True},
    ):
        decision = everything.decide(capability("a", (), "gpio", BOARD, **values))
        assert not decision.allowed and decision.errors and "could not decide" in decision.reason


def test_an_answer_for_true_is_none_for_one() -> None:
    everything = policy("permit(principal, action, resource);")
    assert everything.decide(capability("a", (), "gpio", BOARD, pin=1, output=True)).allowed
    assert not everything.decide(capability("a", (), "gpio", BOARD, pin=1, output=1)).allowed


def test_an_unknown_action_is_denied() -> None:
    decision = policy("permit(principal, action, resource);").decide(Request(ANNA, "fly", BOARD))
    assert not decision.allowed and decision.errors


def test_an_error_in_one_policy_denies_although_another_allows() -> None:
    text = """permit(principal, action, resource);
      forbid(principal, action == Motet::Action::"gpio", resource) when { context.pin * 4611686018427387904 > 0 };"""
    decision = policy(text).decide(capability("a", (), "gpio", BOARD, pin=1 << 40, output=False))
    assert not decision.allowed and "overflow" in decision.reason


@pytest.mark.parametrize(
    "text",
    ["permit(principal", 'permit(principal, action == Motet::Action::"fly", resource);', "nonsense",
     'permit(principal, action == Motet::Action::"gpio", resource) when { context.pim == 1 };',
     'permit(principal, action == Motet::Action::"gpio", resource) when { context.pin == "one" };'],
)  # fmt: skip
def test_policies_that_do_not_fit_the_schema_are_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="policies: "):
        policy(text)


def test_a_missing_file_of_policies_is_an_error_not_the_default(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="nothing"):
        Policy.load([tmp_path / "nothing.cedar"], CAPABILITIES)
    assert Policy.load([], policy_fields()).decide(call(ANNA, BOARD, "a.b", "internal")).allowed


@pytest.mark.parametrize("name", ["call", "Bad", "", "a b", 'a"'])
def test_capabilities_cannot_take_other_actions_names(name: str) -> None:
    with pytest.raises(ValueError, match="capability"):
        build({name: {}})
    with pytest.raises(ValueError, match="field"):
        build({"good": {"x": "float"}})


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_names_from_outside_never_change_what_is_asked(who: str, tool: str, data_class: str) -> None:
    rules = policy('permit(principal == Motet::Principal::"root", action, resource);')
    assert rules.decide(call(principal(who), BOARD, tool, data_class)).allowed is (who == "root")


def test_answers_are_remembered_within_bounds() -> None:
    rules = policy("permit(principal, action, resource);")
    for number in range(4200):
        assert rules.decide(call(ANNA, BOARD, f"t.{number}", "internal")).allowed
    assert len(rules._known) <= 4096
