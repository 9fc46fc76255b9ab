# SPDX-License-Identifier: Apache-2.0
"""Packages between gateways, and what depends on what: list, info, status, install, update, uninstall against real gateways."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.support.package_gateway import KEY, held, made, package_gateway
from tests.support.waiting import until

from motet import paths
from motet.components.oci import archive
from motet.components.oci.contents import digest_of, pack
from motet.components.packages import Package
from motet.components.sources import fetch
from motet.config import Auth, Token

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def vote() -> Package:
    return fetch(str(paths.data("examples") / "vote"), attest=True)


@pytest.fixture
async def home(tmp_path):
    """A gateway with one device, which trusts the author."""
    async with package_gateway(tmp_path, "press", trusted=KEY.public) as gateway:
        yield gateway


async def test_a_package_goes_from_one_gateway_to_another_that_trusts_its_author_itself(home, vote, tmp_path):
    file = made(vote, tmp_path)
    digest = digest_of(fetch(str(file)))
    assert (await home.motet("install", file, "--on", "press"))[0] == 0
    (tmp_path / "away").mkdir()
    async with package_gateway(tmp_path / "away", "valve") as away:
        place = f"gateway+{home.url}/vote"
        code, said = await away.motet("install", place, "--on", "valve")
        assert code == 1 and "not trusted" in said and not held(away, "valve")
        away.trust.add("anna", KEY.public)
        for address in (place, f"gateway+{home.url}/component/vote", f"{place}@{digest}"):
            installed = await away.json("install", address, "--on", "valve")
            assert (installed["publishers"], installed["package"]) == (["anna"], digest)
        (row,) = await away.json("list")
        assert (row["source"], row["publishers"], row["state"]) == (f"{place}@{digest}", ["anna"], "ready")
        facts = await away.json("info", "vote")
        assert facts["sbom"]["format"] == "CycloneDX 1.6"
        assert "vote.push" in [tool["name"] for tool in facts["tools"]]
        # And on to a third, with everything that was signed.
        copy = await asyncio.to_thread(fetch, f"gateway+{away.url}/vote@{digest}")
        assert copy.attachments and digest_of(copy) == digest


@pytest.mark.parametrize(
    ("address", "words"),
    [("/nothing", "no such package"), ("/model/vote", "no device has model vote"), ("/vote@sha256:" + "0" * 64, "no device has"),
     ("/vote@sha256:1", "not a digest"), ("/", "is not gateway+"), ("/../etc", "is not gateway+"),
     ("/vote?x=1", "is not gateway+"), ("/a%2Fb", "is not gateway+"), ("/VOTE", "is not gateway+")],
)  # fmt: skip
async def test_odd_addresses_of_other_gateways_are_refused(home, vote, tmp_path, address, words):
    await home.motet("install", made(vote, tmp_path), "--on", "press")
    code, said = await home.motet("install", f"gateway+{home.url}{address}", "--on", "press")
    assert code == 2 and words in said


async def test_a_gateway_gives_copies_only_as_its_policy_says(vote, tmp_path):
    rules = 'permit (principal, action, resource); forbid (principal, action == Motet::Action::"fetch", resource);'
    async with package_gateway(tmp_path, "press", trusted=KEY.public, policies=rules) as closed:
        await closed.motet("install", made(vote, tmp_path), "--on", "press")
        code, said = await closed.motet("install", f"gateway+{closed.url}/component/vote", "--on", "press")
        assert code == 2 and "may not be fetched" in said
        assert ("fetch", "denied") in [(entry.action, entry.outcome) for entry in closed.audit.entries()]


async def test_an_unsigned_package_is_not_passed_on_by_default(vote, tmp_path):
    async with package_gateway(
        tmp_path, "press", policies='permit (principal, action, resource) when { action != Motet::Action::"fetch" };'
    ) as a:
        assert (await a.motet("install", made(vote, tmp_path, None), "--on", "press"))[0] == 0
        assert "may not be fetched" in (await a.motet("install", f"gateway+{a.url}/component/vote", "--on", "press"))[1]


async def test_plain_http_to_other_machines_is_never_used(home):
    code, said = await home.motet("install", "gateway+http://192.0.2.1/component/vote", "--on", "press")
    assert code == 2 and "only https" in said


async def test_another_package_than_the_one_asked_for_is_refused(home, vote, tmp_path, monkeypatch):
    await home.motet("install", made(vote, tmp_path), "--on", "press")
    other = archive.dumps(pack(fetch(str(made(vote, tmp_path, name="other")))))
    monkeypatch.setattr(home.depot, "archive", lambda _digest: other)
    code, said = await home.motet("install", f"gateway+{home.url}/component/vote", "--on", "press")
    assert (code == 2 and "another package" in said) or "no device has" in said


async def test_what_a_component_needs_must_be_there_first_in_a_revision_that_will_do(home, vote, tmp_path):
    code, said = await home.motet("install", made(vote, tmp_path, name="user", vote=">=2"), "--on", "press")
    assert code == 1 and "user needs vote >=2" in said and "install that first" in said
    await home.motet("install", made(vote, tmp_path), "--on", "press")
    assert "user needs vote >=2" in (await home.motet("install", tmp_path / "user.motet", "--on", "press"))[1]
    await home.motet("install", made(vote, tmp_path, revision=2), "--on", "press")
    assert (await home.motet("install", tmp_path / "user.motet", "--on", "press"))[0] == 0
    code, said = await home.motet("install", made(vote, tmp_path, revision=1), "--on", "press")
    assert code == 1 and "user needs vote >=2, which revision 1 is not" in said
    assert held(home) == {"vote": 2, "user": 1}
    assert (await home.motet("install", tmp_path / "vote.motet", "--on", "press", "--force"))[0] == 0


async def test_what_others_need_is_not_uninstalled_unless_forced(home, vote, tmp_path):
    await home.motet("install", made(vote, tmp_path), "--on", "press")
    await home.motet("install", made(vote, tmp_path, name="user", vote="*"), "--on", "press")
    for command in (("uninstall", "vote"), ("remove", "vote", "--on", "press"), ("uninstall", "vote", "--dry-run")):
        code, said = await home.motet(*command)
        assert code == 1 and "vote is needed by user" in said and "--force" in said
    assert (await home.json("uninstall", "user", "--dry-run"))["removed"] is False
    assert held(home) == {"vote": 1, "user": 1}
    assert (await home.json("uninstall", "vote", "--force"))["removed"] is True
    assert held(home) == {"user": 1} and [one.package.name for one in home.depot.installations()] == ["user"]
    assert (await home.motet("uninstall", "vote"))[0] == 1


async def test_a_loop_of_dependencies_is_refused_even_when_forced(home, vote, tmp_path):
    await home.motet("install", made(vote, tmp_path, name="first"), "--on", "press")
    await home.motet("install", made(vote, tmp_path, name="second", first="*"), "--on", "press")
    for flag in ((), ("--force",)):
        code, said = await home.motet(
            "install", made(vote, tmp_path, name="first", revision=2, second="*"), "--on", "press", *flag
        )
        assert code == 1 and "first needs second needs first" in said
    assert "needs self" in (await home.motet("install", made(vote, tmp_path, name="self", self="*"), "--on", "press"))[1]


@pytest.mark.parametrize("bounds", ["", "2", "newest", ">=", ">= two", ">=2;", ">=2,,<3", "=" * 70, "\x1b[31m"])
async def test_dependencies_that_mean_nothing_are_refused_by_key(vote, bounds):
    from motet.components.manifest import ManifestError, parse

    with pytest.raises(ManifestError, match="dependencies"):
        parse(vote.manifest + f"\n[dependencies]\nvote = {json.dumps(bounds)}\n")


async def test_a_dry_run_has_the_gateway_check_everything_and_the_device_get_nothing(home, vote, tmp_path):
    assert (await home.json("install", made(vote, tmp_path), "--on", "press", "--dry-run"))["installed"] is False
    code, said = await home.motet("install", made(vote, tmp_path, None), "--on", "press", "--dry-run")
    assert code == 1 and "not signed" in said
    assert held(home) == {} and home.depot.installations() == []
    assert [entry.outcome for entry in home.audit.entries()] == ["allowed", "denied"]


async def test_ctrl_c_during_an_installation_leaves_nothing_half_done(home, vote, tmp_path):
    file = made(vote, tmp_path)
    home.fleet.gate.clear()
    arguments = ["install", str(file), "--on", "press", "--gateway", home.url]
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "motet.cli", *arguments, stderr=asyncio.subprocess.PIPE)
    await asyncio.wait_for(home.fleet.asked.wait(), 60)
    child.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(child.communicate(), 60)
    assert (child.returncode, errors) == (130, b"")
    await until(lambda: home.fleet.aborted == 1)
    assert held(home) == {} and home.depot.installations() == []
    home.fleet.gate.set()
    assert (await home.motet("install", file, "--on", "press"))[0] == 0


async def test_names_from_devices_never_reach_the_terminal_as_they_are(home):
    evil = "\x1b]0;owned\x07\x9b31m\n"
    row = {"kind": "component", "name": evil, "revision": 1, "size": 9, "digest": b"", "state": evil, "last_error": evil}
    home.fleet.rows["press"] = {("component", evil): {**row}}
    home.fleet.vitals["components"] = {evil: {evil: 1}}
    for command in (
        ("list",),
        ("status",),
        ("artifacts", "press"),
        ("info", evil),
        ("update", evil),
        ("uninstall", evil, "--dry-run"),
    ):
        printed = (await home.motet(*command))[1]
        assert not set(printed) & {"\x1b", "\x07", "\x9b"}, command


async def test_status_tells_states_counters_and_ends_with_1_when_something_is_wrong(home, vote, tmp_path):
    await home.motet("install", made(vote, tmp_path), "--on", "press")
    home.fleet.vitals["components"] = {"vote": {"calls": 7, "traps": 0}}
    code, said = await home.motet("status")
    assert code == 0 and "press: online" in said and "calls 7" in said and "heap free" in said
    home.fleet.rows["press"]["component", "vote"]["state"] = "failed"
    home.fleet.rows["press"]["component", "vote"]["last_error"] = "unreachable"
    code, said = await home.motet("status", "press")
    assert code == 1 and "failed" in said and "unreachable" in said
    assert (await home.motet("status", "nobody"))[0] == 1


async def test_what_an_offline_device_got_last_is_listed_as_unknown(home, vote, tmp_path):
    await home.motet("install", made(vote, tmp_path), "--on", "press")
    home.fleet.get("press").online = False
    (row,) = await home.json("list")
    assert (row["name"], row["state"]) == ("vote", "unknown")


async def test_sources_are_remembered_from_the_root_and_without_passwords(vote, tmp_path, monkeypatch):
    from motet.cli.deploy import remembered

    monkeypatch.chdir(tmp_path)
    assert remembered("x.motet") == str(Path(os.path.realpath(tmp_path)) / "x.motet")
    assert remembered("git+https://me:hunter2@h/r@v1#p") == "git+https://me@h/r@v1#p"


async def test_packages_are_kept_as_long_as_a_device_may_go_back_to_them(home, vote, tmp_path):
    for revision in (1, 2, 3):
        await home.motet("install", made(vote, tmp_path, revision=revision), "--on", "press")
    digests = {one.package.digest for one in home.depot.installations()} | {one.previous for one in home.depot.installations()}
    assert len(digests) == 2 and all(home.depot.archive(digest) for digest in digests)
    first = digest_of(fetch(str(made(vote, tmp_path, revision=1))))
    assert home.depot.archive(first) is None
    await home.motet("uninstall", "vote")
    assert home.depot.packages() == []


async def test_tokens_go_to_the_gateway_they_are_for_and_name_who_asks_in_the_audit(home, vote, tmp_path, monkeypatch):
    token = Token(name="anna", sha256=hashlib.sha256(b"secret").hexdigest(), scopes=["manage", "read:*"])
    auth = Auth(resource="https://gateway.example/mcp", tokens=[token])
    (tmp_path / "closed").mkdir()
    async with package_gateway(tmp_path / "closed", "valve", trusted=KEY.public, auth=auth) as closed:
        assert (await closed.motet("install", made(vote, tmp_path), "--on", "valve"))[0] == 1
        monkeypatch.setenv("MOTET_TOKEN", "secret")
        assert (await closed.motet("install", tmp_path / "vote.motet", "--on", "valve"))[0] == 0
        monkeypatch.delenv("MOTET_TOKEN")
        place = f"gateway+{closed.url}/component/vote"
        assert (await home.motet("install", place, "--on", "press"))[0] == 2
        monkeypatch.setenv("MOTET_PEER_TOKEN", "secret")
        assert "set MOTET_PEER" in (await home.motet("install", place, "--on", "press"))[1]
        monkeypatch.setenv("MOTET_PEER", "127.0.0.1:1")
        assert (await home.motet("install", place, "--on", "press"))[0] == 2
        monkeypatch.setenv("MOTET_PEER", closed.url.removeprefix("http://"))
        assert (await home.motet("install", place, "--on", "press"))[0] == 0
        assert {(entry.action, entry.actor) for entry in closed.audit.entries()} == {("install", "anna"), ("fetch", "anna")}
