# SPDX-License-Identifier: Apache-2.0
"""Components for gateways only, from a package to a tool that survives its process; and what must not get there."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from importlib.metadata import version
from pathlib import Path

import pytest
import wasmtime
from mcp.shared.exceptions import MCPError
from motet_native import wasm as native
from tests.e2e.test_node import NODE, again, process, running
from tests.support import wasi_guest
from tests.support.waiting import until
from typer.testing import CliRunner

from motet.cli.client import GatewayClient
from motet.cli.console import FatalError
from motet.cli.keeping import LOCAL, audit_of, local_key
from motet.cli.main import app
from motet.cli.quickstart import visiting
from motet.components import jit
from motet.components.admission import Target
from motet.components.errors import ComponentError
from motet.components.jit.programs import Programs
from motet.components.packages import Package, PackageError, accept, from_upload, read
from motet.components.renewal import ACTOR
from motet.components.signature import signed
from motet.config import Config

pytestmark = pytest.mark.anyio
CONTRACT = """package a:whole@0.1.0;
world w {
  import motet:device/clock@0.1.0;
  /// How many calls of it there were.
  export count: func(by: u8) -> u32;
  /// Never ends.
  export spin: func();
  /// Whether time has passed.
  export later: func() -> bool;
}
"""
MANIFEST = """[component]
name = "pair"
revision = {revision}
description = "Two modules."
wasm = "pair.wasm"
wit = "pair.wit"
place = "gateway"
[limits]
fuel = 1000
[capabilities]
clock = {{}}
"""
# Two modules, which no device takes.
TEXT = """(component
 (import "motet:device/clock@0.1.0" (instance $clock (export "monotonic" (func (result u64)))))
 (core func $now (canon lower (func $clock "monotonic")))
 (core module $counter (global $count (mut i32) (i32.const 0))
  (func (export "add") (param i32) (result i32)
   (global.set $count (i32.add (global.get $count) (local.get 0))) (global.get $count)))
 (core instance $other (instantiate $counter))
 (core module $main (import "other" "add" (func $add (param i32) (result i32))) (import "clock" "now" (func $now (result i64)))
  (func (export "count") (param i32) (result i32) (call $add (local.get 0)))
  (func (export "spin") (loop (br 0)))
  (func (export "later") (result i32) (i64.ne (call $now) (i64.const 0))))
 (core instance $i (instantiate $main (with "other" (instance $other)) (with "clock" (instance (export "now" (func $now))))))
 (func (export "count") (param "by" u8) (result u32) (canon lift (core func $i "count")))
 (func (export "spin") (canon lift (core func $i "spin")))
 (func (export "later") (result bool) (canon lift (core func $i "later")))
 {more})"""


async def motet(url: str, *arguments: object) -> None:
    given = [*map(str, arguments), "--gateway", url.removesuffix("/mcp")]
    done = await asyncio.to_thread(CliRunner().invoke, app, given)
    assert done.exit_code == 0, done.output


def package(folder: Path, revision: int = 1, more: str = "", manifest: str = MANIFEST) -> Package:
    folder.mkdir(exist_ok=True)
    (folder / "Component.toml").write_text(manifest.format(revision=revision))
    (folder / "pair.wit").write_text(CONTRACT)
    (folder / "pair.wasm").write_bytes(wasmtime.wat2wasm(TEXT.replace("{more}", more)))
    return read(folder)


async def test_it_is_installed_serves_survives_its_process_and_leaves_nothing_behind(tmp_path: Path) -> None:
    made, programs = package(tmp_path / "pair"), tmp_path / "node" / "programs" / "pair"
    async with running(tmp_path) as system:
        key = local_key(Config.model_validate({"state": {"dir": tmp_path}}))
        client = GatewayClient(system.url.removesuffix("/mcp"))

        async def install(one: Package) -> None:
            await asyncio.to_thread(lambda: list(client.install(NODE, one.upload(), "")))

        async def restarted() -> None:
            pid = process()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await until(lambda: process() not in (None, pid))

        with pytest.raises(FatalError, match="it is not signed"):
            await install(made)
        with pytest.raises(FatalError, match="bytes announced"):
            await install(signed(Package("component", "pair", 1, made.content[:200], made.manifest), key))
        assert not programs.exists()
        await motet(system.url, "install", tmp_path / "pair", "--on", NODE, "--key", tmp_path / "keys" / f"{LOCAL}.pem")
        async with visiting(system.url, NODE) as visitor:
            assert [(await visitor.call("pair.count", {"by": by}))["result"] for by in (2, 3)] == [2, 5]
            assert (await visitor.call("pair.later", {}))["result"] is True
            with pytest.raises(FatalError, match="greater than the maximum of 255"):
                await visitor.call("pair.count", {"by": 256})
            with pytest.raises(FatalError, match="out of fuel after 1000 units"):
                await visitor.call("pair.spin", {})
            assert (await visitor.call("pair.count", {"by": 1}))["result"] == 1
        await restarted()
        async with visiting(system.url, NODE) as visitor:
            assert await again(visitor, "pair.count", {"by": 7}) == {"result": 7}
        (first,) = programs.iterdir()
        await install(signed(package(tmp_path / "pair", 2), key))
        (second,) = programs.iterdir()
        # The same code, but nobody signed what stands there now.
        data = bytearray(second.read_bytes())
        data[-1] ^= 1
        second.write_bytes(data)
        await restarted()
        async with visiting(system.url, NODE) as visitor:
            await again(visitor, "vitals.read", {})
            with pytest.raises(MCPError, match="Unknown tool"):
                await visitor.call("pair.count", {"by": 7})
        (row,) = await asyncio.to_thread(client.installed)
        assert row["state"] == "failed" and "changed on disk" in row["reason"], row
        await install(signed(package(tmp_path / "pair", 2), key))
        async with visiting(system.url, NODE) as visitor:
            assert await again(visitor, "pair.count", {"by": 4}) == {"result": 4}
        await motet(system.url, "uninstall", "pair", "--on", NODE)
        assert first.parent == programs and not programs.exists()


async def test_after_an_upgrade_of_wasmtime_it_is_compiled_again_and_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, older = Config.model_validate({"state": {"dir": tmp_path}}), tmp_path / "older"
    (older / "wasmtime-49.0.0.dist-info").mkdir(parents=True)
    (older / "wasmtime-49.0.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: wasmtime\nVersion: 49.0.0\n")
    programs = Programs(NODE, tmp_path / "node" / "programs")
    with monkeypatch.context() as before:
        # For this process, and for the node's.
        before.syspath_prepend(older)
        before.setenv("PYTHONPATH", f"{older}:{os.environ.get('PYTHONPATH', '')}")
        async with running(tmp_path) as system:
            client = GatewayClient(system.url.removesuffix("/mcp"))
            made = signed(package(tmp_path / "pair"), local_key(config))
            await asyncio.to_thread(lambda: list(client.install(NODE, made.upload(), "from/there")))
            async with visiting(system.url, NODE) as visitor:
                assert (await visitor.call("pair.count", {"by": 2}))["result"] == 2
        assert programs.made_by("pair") == {"49.0.0"}
    async with running(tmp_path) as system, visiting(system.url, NODE) as visitor:
        assert await again(visitor, "pair.count", {"by": 3}) == {"result": 3}
        assert version("wasmtime") in programs.made_by("pair")
        await until(lambda: renewals(config) == ["allowed", "done"])
        (row,) = await asyncio.to_thread(GatewayClient(system.url.removesuffix("/mcp")).installed)
        assert (row["state"], row["source"]) == ("ready", "from/there")
    assert programs.made_by("pair") == {version("wasmtime")}
    # A folder that is lost is made again, too.
    shutil.rmtree(tmp_path / "node" / "programs")
    async with running(tmp_path) as system, visiting(system.url, NODE) as visitor:
        assert await again(visitor, "pair.count", {"by": 4}) == {"result": 4}
        await until(lambda: renewals(config) == ["allowed", "done"] * 2)
    (programs.folder / "pair" / "noise").write_bytes(b"\xa1")
    assert programs.made_by("pair") == {version("wasmtime")} and programs.made_by("../pair") == set()


def renewals(config: Config) -> list[str]:
    """What became of installations that the gateway has made by itself."""
    with audit_of(config) as audit:
        return [entry.outcome for entry in audit.entries() if entry.actor == ACTOR and entry.action == "install"]


def test_boards_refuse_it_and_what_it_needs_must_be_offered_and_wanted(tmp_path: Path) -> None:
    made = package(tmp_path / "pair")
    with pytest.raises(ComponentError, match="it is for gateways: install it on the node of one"):
        accept(made, Target.of_board("stm32f405"))
    node = Target(gateway=True)
    admitted = accept(made, node)
    assert admitted.artifact == accept(made, node).artifact and len(admitted.artifact) < 2000
    for engine in (native, jit):
        with pytest.raises(engine.Error):
            engine.Instance(admitted.module)
    foreign = '(import "wasi:http/handler@0.2.0" (instance (export "handle" (func (param "s" u32)))))'
    with pytest.raises(ComponentError, match=r"wasi:http/handler@0\.2\.0: gateways offer no such interface"):
        accept(package(tmp_path / "pair", more=foreign), node)
    with pytest.raises(ComponentError, match="does not want it: add 'clock'"):
        accept(package(tmp_path / "pair", manifest=MANIFEST.replace("clock = {{}}", "")), node)
    large = Package("component", "pair", 1, bytes(600 << 10), made.manifest.replace('place = "gateway"', ""))
    with pytest.raises(PackageError, match="614400 bytes, at most 524288 are accepted"):
        from_upload(large.upload())


def guest(folder: Path, revision: int, fuel: int) -> Path:
    made = folder / "guest"
    made.mkdir(exist_ok=True)
    header = MANIFEST.format(revision=revision).replace("pair", "guest").replace("fuel = 1000", f"fuel = {fuel}")
    wanted = '[capabilities]\nwasi = ["clocks", "random", "stdio", "closed"]\n'
    (made / "Component.toml").write_text(header.partition("[capabilities]")[0] + wanted)
    (made / "guest.wit").write_text(wasi_guest.CONTRACT)
    (made / "guest.wasm").write_bytes(wasi_guest.component())
    return made


async def test_a_component_that_sleeps_is_woken_when_its_caller_gives_up(tmp_path: Path) -> None:
    async with running(tmp_path) as system:
        local_key(Config.model_validate({"state": {"dir": tmp_path}}))
        made, key = guest(tmp_path, 1, fuel=100_000_000), tmp_path / "keys" / f"{LOCAL}.pem"
        await motet(system.url, "install", made, "--on", NODE, "--key", key)
        async with visiting(system.url, NODE) as visitor:
            sleeper = asyncio.create_task(visitor.call("guest.doze", {"ms": 86_400_000}))
            await written(GatewayClient(system.url.removesuffix("/mcp")), ["whole line"])
            sleeper.cancel()
            assert await again(visitor, "guest.nap", {"ms": 0}) == {"result": 0}


async def test_what_of_wasi_is_wanted_and_allowed_is_there_and_denials_are_in_the_audit(tmp_path: Path) -> None:
    made = guest(tmp_path, 1, fuel=1000)
    async with running(tmp_path) as system:
        client = GatewayClient(system.url.removesuffix("/mcp"))
        local_key(Config.model_validate({"state": {"dir": tmp_path}}))
        await motet(system.url, "install", made, "--on", NODE, "--key", tmp_path / "keys" / f"{LOCAL}.pem")
        async with visiting(system.url, NODE) as visitor:
            assert (await visitor.call("guest.nap", {"ms": 20}))["result"] >= 20
            assert (await visitor.call("guest.dice", {}))["result"] != (await visitor.call("guest.dice", {}))["result"]
            await visitor.call("guest.say", {})
            assert (await visitor.call("guest.knock", {}))["result"] is False
            with pytest.raises(FatalError, match="it has called exit"):
                await visitor.call("guest.leave", {})
            with pytest.raises(FatalError, match="out of fuel"):
                await visitor.call("guest.nap", {"ms": 1 << 31})
            assert (await visitor.call("guest.listen", {}))["result"] is False
        await written(client, ["whole line", "half"])
    with audit_of(Config.model_validate({"state": {"dir": tmp_path}})) as audit:
        (denied,) = [entry for entry in audit.entries() if entry.outcome == "denied"]
    assert (denied.actor, denied.action, denied.detail["reason"]) == ("component/guest", "wasi", "components have no network")


async def written(client: GatewayClient, lines: list[str]) -> None:
    """Until the component has written these lines and no others, apart from those about what it was denied."""

    def told() -> list[str]:
        return [line["text"] for line in client.logs(NODE, False, component="guest") if "denied" not in line["text"]]

    async with asyncio.timeout(15):
        while await asyncio.to_thread(told) != lines:
            await asyncio.sleep(0.02)
