# SPDX-License-Identifier: Apache-2.0
"""Keys, trust and the audit of changes: made together, by several processes at once, and when the disk says no."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from component_board import Board
from component_modules import VOTE

from motet.cli import keeping
from motet.cli.console import FatalError
from motet.components.capabilities import policy_fields
from motet.components.deploy import deploy
from motet.components.gatekeeper import DeniedError, Gatekeeper
from motet.components.packages import Package, read
from motet.components.signature import SignatureError, signed
from motet.config import Config, load
from motet.policy import Audit, Policy
from motet.store import Store, StoreError
from motet.trust import PrivateKey, TrustStore
from motet.trust import keys as key_files

MODEL = Package("model", "digits", 1, b"x")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "motet.toml"
    path.write_text(f'[state]\ndir = "{tmp_path / "state"}"\n')
    return load(path)


def test_processes_that_start_at_once_share_one_key(config: Config) -> None:
    together, made = threading.Barrier(8), []

    def start() -> None:
        together.wait(10)
        made.append(keeping.own_key(config, keeping.GATEWAY).public)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1


def test_a_key_that_cannot_be_written_is_not_there_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(key_files.KeyFileError, match="No space left"):
        key_files.create(tmp_path / "keys/k.pem")
    assert list((tmp_path / "keys").iterdir()) == []


def test_a_change_of_trust_is_in_the_audit_or_has_not_happened(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keeping.local_key(config).public
    assert not keeping.trust_key(config, keeping.LOCAL, key)
    with keeping.audit_of(config) as audit:
        assert [(entry.action, entry.subject) for entry in audit.entries()] == [("trust.add", "key/local")]

    def broken(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Audit, "append", broken)
    with pytest.raises(FatalError, match="the disk is full"):
        keeping.trust_key(config, "other", PrivateKey.generate().public)
    assert [name for name, _ in TrustStore(config.trust_dir)] == ["local"]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(Store(tmp_path / "audit.db"))


def gate(audit: Audit, folder: Path, policies: str = "") -> Gatekeeper:
    rules = Policy(policies, policy_fields()) if policies else Policy.load([], policy_fields())
    return Gatekeeper(rules, TrustStore(folder / "trust"), audit)


def test_every_denied_change_is_in_the_audit(audit: Audit, tmp_path: Path) -> None:
    guard, stranger = gate(audit, tmp_path), PrivateKey.generate()
    with pytest.raises(DeniedError, match="not signed"):
        guard.install("anna", MODEL, "press", "stm32f405")
    with pytest.raises(SignatureError, match="not trusted"):
        guard.install("anna", signed(MODEL, stranger), "press", "stm32f405")
    guard = gate(audit, tmp_path, "permit(principal, action, resource);")
    # Where everything is allowed, too.
    for wrong in (signed(MODEL, stranger), replace(MODEL, signatures=(b"x",)), replace(signed(MODEL, stranger), content=b"y")):
        with pytest.raises(SignatureError):
            guard.install("anna", wrong, "press", "stm32f405")
    guard = gate(audit, tmp_path, 'forbid(principal, action == Motet::Action::"remove", resource);')
    with pytest.raises(DeniedError):
        guard.remove("anna", "model", "digits", "press", "stm32f405")
    assert [(entry.action, entry.outcome) for entry in audit.entries()] == [("install", "denied")] * 5 + [("remove", "denied")]


class Failing(Board):
    async def call(self, *_: object, **__: object) -> object:
        raise ZeroDivisionError


@pytest.mark.parametrize("how", ["done", "withdrawn", "failed"])
def test_how_an_allowed_installation_ended_is_in_the_audit(audit: Audit, tmp_path: Path, how: str) -> None:
    guard = gate(audit, tmp_path, "permit(principal, action, resource);")

    async def work() -> None:
        stream = deploy(Failing() if how == "failed" else Board(), "board1", read(VOTE).upload(), guard)
        async for record in stream:
            if how == "withdrawn" and record.get("step") == "sending":
                break
        await stream.aclose()

    asyncio.run(work())
    ends = [(entry.outcome, entry.detail.get("error", "")[:9]) for entry in audit.entries()][1:]
    expected = {"done": ("done", ""), "withdrawn": ("failed", "withdrawn"), "failed": ("failed", "the gatew")}
    assert ends == [expected[how]]
