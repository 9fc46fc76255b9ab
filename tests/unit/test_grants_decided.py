# SPDX-License-Identifier: Apache-2.0
"""Who may have what: the gateway decides by its policies, writes it down, and signs what it allowed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from motet import paths
from motet.components.capabilities import policy_fields
from motet.components.errors import ComponentError
from motet.components.gatekeeper import DeniedError, Gatekeeper
from motet.components.grants import Permit, decide
from motet.components.manifest import Manifest, parse
from motet.components.packages import Package
from motet.policy import Audit, Policy
from motet.store import Store
from motet.trust import PrivateKey, TrustStore, opened
from motet.trust.signing import GRANT
from motet_core.grant import Grant
from motet_core.grants import MAX_BYTES

KEY = PrivateKey.generate()
EXAMPLE = paths.data("examples") / "policies/capabilities.cedar"


def text(name: str, capabilities: str) -> str:
    head = f'[component]\nname = "{name}"\nrevision = 3\ndescription = "d"\n'
    return f'{head}[[tool]]\nname = "run"\ndescription = "d"\n[capabilities]\n{capabilities}\n'


def manifest(name: str, capabilities: str) -> Manifest:
    return parse(text(name, capabilities))


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    store = Store(f"sqlite:///{tmp_path}/audit.db")
    yield Audit(store)
    store.close()


@pytest.fixture
def gate(audit: Audit, tmp_path: Path) -> Gatekeeper:
    return Gatekeeper(Policy.load([EXAMPLE], policy_fields()), TrustStore(tmp_path / "trust"), audit, KEY)


def ask(gate: Gatekeeper, name: str, capabilities: str, device: str = "press-1") -> Permit | None:
    package = Package("component", name, 3, b"", text(name, capabilities))
    return gate.permit("anonymous", package, ("anna",), device, "stm32f405")


def test_what_is_allowed_becomes_a_signed_grant_for_one_device_and_artifact(gate: Gatekeeper, audit: Audit) -> None:
    wanted = 'gpio = [{ pin = 3, direction = "out" }]\nsensors = [{ name = "temp*", rate = 5 }]\nexpires = "30d"'
    permit = ask(gate, "valve", wanted)
    assert permit is not None
    grant = Grant(opened(permit.signed(KEY, bytes(32)), KEY.public, GRANT))
    assert (grant.component, grant.revision, grant.digest, grant.device) == ("valve", 3, bytes(32), "press-1")
    assert grant.limits == {4: [["temp*", 5]], 5: [[3, 1, 0]]}
    assert grant.until == pytest.approx(time.time() + 30 * 86400, abs=60)
    (entry,) = audit.entries()
    assert (entry.action, entry.outcome, entry.subject, entry.seq) == (
        "grant",
        "allowed",
        "press-1/component/valve",
        grant.serial,
    )
    again = ask(gate, "valve", wanted)
    assert again is not None and again.serial > permit.serial


def test_a_denial_names_capability_and_entry_and_says_where_to_read_on(gate: Gatekeeper, audit: Audit) -> None:
    with pytest.raises(DeniedError) as caught:
        ask(gate, "valve", 'gpio = [{ pin = 3, direction = "out" }, { pin = 4, direction = "out" }]\nexpires = "1h"')
    assert "gpio {pin = 4, direction = 'out'}: no policy allows it" in str(caught.value)
    assert "pin = 3" not in str(caught.value) and "docs/capabilities.md" in str(caught.value)
    (entry,) = audit.entries()
    assert (entry.action, entry.outcome) == ("grant", "denied") and "pin = 4" in entry.detail["reason"]


def test_what_wants_nothing_needs_no_permit(gate: Gatekeeper, audit: Audit) -> None:
    assert ask(gate, "plain", "") is None
    assert gate.permit("anonymous", Package("model", "m", 1, b""), (), "d", "b") is None
    assert audit.entries() == []


@pytest.mark.parametrize(
    ("name", "wanted", "allowed"),
    [
        ("any", 'sensors = [{ name = "temp1", rate = 10 }]', True),
        ("any", 'sensors = [{ name = "temp1" }]', False),
        ("any", 'sensors = [{ name = "temp1", rate = 11 }]', False),
        ("any", 'sensors = [{ name = "te*", rate = 1 }]', False),
        ("any", 'sensors = [{ name = "*", rate = 1 }]', False),
        ("valve", 'gpio = [{ pin = 3, direction = "out" }]', False),
        ("valve", 'gpio = [{ pin = 3, direction = "out" }]\nexpires = "31d"', False),
        ("other", 'gpio = [{ pin = 3, direction = "out" }]\nexpires = "1d"', False),
        ("any", 'messaging = { publish = ["alarm/fire"] }', True),
        ("any", 'messaging = { publish = ["#"] }', False),
        ("any", 'messaging = { subscribe = ["alarm/+"] }', False),
    ],
)
def test_the_example_policies_mean_what_they_say(name: str, wanted: str, allowed: bool) -> None:
    rules = Policy.load([EXAMPLE], policy_fields())
    assert (decide(rules, manifest(name, wanted), ("anna",), "press-1", "b") == []) == allowed


def test_a_grant_that_no_device_could_keep_is_refused_with_advice() -> None:
    keys = ", ".join(f'"{"k" * 50}{number}"' for number in range(30))
    many = manifest("any", f"store = {{ keys = [{keys}], quota = 10 }}")
    with pytest.raises(ComponentError, match=f"{MAX_BYTES} at most: use patterns"):
        Permit(many, "d", 1).signed(KEY, bytes(32))
