# SPDX-License-Identifier: Apache-2.0
"""Components built from C that use the device's services, on the device core in this process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from motet.components.admission import Admitted
from motet.components.grants import Permit
from motet.components.packages import Package, accept, read
from motet.trust import PrivateKey, sign
from motet_core import cbor

ROOT = Path(__file__).resolve().parents[2]
KEY = PrivateKey.generate()
COURIER = read(ROOT / "tests/support/courier")
Json = dict[str, Any]


@cache
def courier(name: str = "courier", revision: int = 1) -> Admitted:
    """The test component under another name."""
    text = COURIER.manifest.replace('name = "courier"', f'name = "{name}"').replace("revision = 1", f"revision = {revision}")
    accepted = accept(Package("component", name, revision, COURIER.content, text))
    assert isinstance(accepted, Admitted)
    return accepted


@pytest.fixture(autouse=True)
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A device and its client in this process, as the tests for both interpreters use them."""
    monkeypatch.syspath_prepend(str(ROOT / "tests/dual"))
    import rig

    yield rig
    sys.modules.pop("rig", None)


class Desk:
    """A client with words for what these tests ask."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.serial = 0

    async def install(self, item: Admitted) -> None:
        await self.client.result("trust.enrol", {"key": KEY.public.raw})
        self.serial += 1
        header, data = item.manifest.component, item.artifact
        params = {"kind": "component", "name": header.name, "revision": header.revision, "size": len(data), "digest": item.digest}
        params["manifest"] = sign(KEY, cbor.dumps(dict(enumerate(params.values(), 1))), "artifact")
        params["grant"] = Permit(item.manifest, "dut", self.serial).signed(KEY, item.digest)
        begun = await self.client.result("artifact.begin", params)
        for offset in range(0, len(data), begun["block"]):
            part = data[offset : offset + begun["block"]]
            await self.client.result("artifact.block", {"transfer": begun["transfer"], "offset": offset, "data": part})
        await self.client.result("artifact.commit", {"transfer": begun["transfer"]})

    async def tool(self, name: str, **arguments: Any) -> Any:
        """What a tool gives; the text of its error otherwise."""
        answer = await self.client.tool(name, **arguments)
        return answer["content"][0]["text"] if answer["isError"] else (answer.get("structuredContent") or {}).get("result")

    async def until(self, name: str, wanted: Any) -> None:
        for _ in range(2000):
            if await self.tool(name) == wanted:
                return
            await asyncio.sleep(0)
        raise AssertionError(await self.tool(name))

    def notes(self, method: str) -> list[Json]:
        return [note["params"] for note in self.client.notifications if note["method"] == method]


Work = Callable[[Desk], Awaitable[None]]


@pytest.fixture
def device(rig: Any) -> Callable[..., None]:
    def run(work: Work, **options: Any) -> None:
        async def wrapped(client: Any) -> None:
            await work(Desk(client))

        rig.run(wrapped, **options)

    return run


def test_components_of_one_device_talk_without_the_gateway(device: Callable[[Work], None]) -> None:
    async def work(desk: Desk) -> None:
        await desk.install(courier())
        await desk.install(courier("mirror"))
        assert await desk.tool("courier.send", to="mirror", text="hello") is None
        assert await desk.tool("mirror.last") == "courier  hello"
        assert await desk.tool("courier.call", to="mirror", text="stressed") == "desserts"
        assert await desk.tool("courier.publish", topic="news/today", text="rain") is None
        assert await desk.tool("mirror.last") == "courier news/today rain"
        # Its own subscription is not for what it says itself.
        assert await desk.tool("courier.received") == 0
        assert desk.notes("motet/message") == []

    device(work)


def test_a_request_is_answered_later_under_its_number(device: Callable[[Work], None]) -> None:
    async def work(desk: Desk) -> None:
        await desk.install(courier())
        await desk.install(courier("mirror"))
        assert await desk.tool("courier.request", to="mirror", text="abc", timeout=60000) == 1
        await desk.until("courier.last", "mirror #1 cba")
        assert await desk.tool("courier.request", to="courier", text="me", timeout=60000) == 2
        await desk.until("courier.last", "courier #2 em")

    device(work)


def test_what_cannot_be_delivered_is_a_typed_error(device: Callable[[Work], None]) -> None:
    async def work(desk: Desk) -> None:
        await desk.install(courier())
        assert await desk.tool("courier.send", to="mirror", text="x") == "not-found"
        assert await desk.tool("courier.send", to="elsewhere", text="x") == "denied"
        assert await desk.tool("courier.publish", topic="news/+", text="x") == "invalid"
        assert await desk.tool("courier.publish", topic="gossip", text="x") == "denied"
        assert await desk.tool("courier.call", to="courier", text="x") == "busy"
        assert await desk.tool("courier.request", to="mirror", text="x", timeout=0) == "invalid"
        await desk.install(courier("mirror"))
        # It traps in the middle of the caller's call, which goes on.
        assert await desk.tool("courier.call", to="mirror", text="crash") == "unavailable"
        assert await desk.tool("courier.call", to="mirror", text="again") == "unavailable"
        rows = {row["name"]: row for row in (await desk.client.result("artifact.list"))["artifacts"]}
        assert (rows["courier"]["failures"], rows["mirror"]["failures"]) == (0, 1)
        assert "trapped" in rows["mirror"]["last_error"]

    device(work)


def test_messages_for_other_devices_go_to_the_gateway_and_only_wanted_topics_do(device: Callable[[Work], None]) -> None:
    async def work(desk: Desk) -> None:
        await desk.install(courier())
        while not desk.notes("motet/subscriptions"):
            await desk.tool("courier.received")
        assert desk.notes("motet/subscriptions") == [{"subscriptions": [["courier", "news/+"]]}]
        assert await desk.tool("courier.send", to="b2/mirror", text="hi") is None
        await desk.tool("courier.publish", topic="news/a", text="unheard")
        await desk.client.result("message.wanted", {"patterns": ["news/#"]})
        await desk.tool("courier.publish", topic="news/a", text="heard")
        assert await desk.tool("courier.request", to="b2/courier", text="q", timeout=60000) == 1
        sent = desk.notes("motet/message")
        assert [(m["sender"], m.get("to"), m.get("topic"), m.get("request")) for m in sent] == [
            ("courier", "b2/mirror", None, None), ("courier", None, "news/a", None), ("courier", "b2/courier", None, 1)
        ]  # fmt: skip
        # A flood ends in a typed error, not in a queue.
        said = [await desk.tool("courier.send", to="b2/mirror", text="again") for _ in range(60)]
        assert set(said) <= {None, "busy", "full"} and len(set(said)) > 1

    device(work)


def test_what_comes_from_the_gateway_is_checked(device: Callable[[Work], None]) -> None:
    async def work(desk: Desk) -> None:
        await desk.install(courier())
        number = await desk.tool("courier.request", to="b2/mirror", text="q", timeout=60000)
        good = {"to": "courier", "sender": "b2/mirror", "data": b"a", "answers": number}
        for change in (
            {"sender": "b3/mirror"}, {"answers": number + 1}, {"answers": True}, {"sender": "mirror"}, {"sender": "a/b/c"},
            {"data": 5},
            {"sender": None}, {"data": bytes(1025)}, {"hops": 17}, {"hops": -1}, {"to": "nobody"}, {"to": None}, {"topic": "a/+"},
            {"failure": 7}, {"failure": "x" * 300}, {"sender": "b2/" + "x" * 200},
        ):  # fmt: skip
            assert "error" in await desk.client.request("message.deliver", {**good, **change}), change
        assert await desk.tool("courier.received") == 0
        await desk.client.result("message.deliver", good)
        assert await desk.tool("courier.last") == f"b2/mirror #{number} a"
        # Doubled, and late.
        assert "error" in await desk.client.request("message.deliver", good)
        assert (
            await desk.client.result("message.deliver", {"to": "courier", "sender": "b2/x", "data": b"ab", "request": True})
        ) == {"data": b"ba"}
        assert (await desk.tool("vitals.read")) is None
        services = (await desk.client.tool("vitals.read"))["structuredContent"]["services"]
        assert services["messages"]["stray"] == 5
        for patterns in (None, ["a"] * 65, ["a//b"], [7]):
            assert "error" in await desk.client.request("message.wanted", {"patterns": patterns})

    device(work)


def test_a_request_that_nobody_answers_comes_back_as_a_failure(device: Callable[[Work], None]) -> None:
    async def work(desk: Desk) -> None:
        await desk.install(courier())
        number = await desk.tool("courier.request", to="b2/mirror", text="q", timeout=20)
        while await desk.tool("courier.received") == 0:
            await asyncio.sleep(0)
        assert await desk.tool("courier.last") == f"b2/mirror #{number}timeout "

    device(work)


def test_state_has_a_quota_outlives_an_update_and_goes_with_the_component(device: Callable[..., None], tmp_path: Path) -> None:
    from motet_native import store

    flash = store.Flash(None, log=(4, 4096), slots=(8, 8192), unit=4)

    async def work(desk: Desk) -> None:
        await desk.install(courier())
        assert await desk.tool("courier.keep", key="log/a", text="kept") is None
        assert await desk.tool("courier.keep", key="log/b", text="x" * 200) == "limited"
        assert await desk.tool("courier.keep", key="other", text="x") == "denied"
        await desk.install(courier(revision=2))
        assert await desk.tool("courier.kept", key="log/a") == "kept"
        # The one before was told of its end.
        assert await desk.tool("courier.kept", key="log/end") == "shut down"

    async def after(desk: Desk) -> None:
        assert await desk.tool("courier.kept", key="log/a") == "kept"
        await desk.client.result("artifact.remove", {"kind": "component", "name": "courier"})
        desk.serial = 10
        await desk.install(courier())
        assert await desk.tool("courier.kept", key="log/a") is None

    device(work, flash=flash)
    device(after, flash=flash)


def test_a_sensor_that_passes_a_threshold_runs_a_function_once(device: Callable[..., None]) -> None:
    class Thermometer:
        name, value = "sea_temperature", 20.0

        def about(self) -> Json:
            return {"name": self.name, "description": "", "unit": "Cel"}

        def read(self) -> Json:
            return {"value": self.value, "unit": "Cel"}

    there = Thermometer()

    async def work(desk: Desk) -> None:
        await desk.install(courier())
        schedule = desk.client.device.services.schedule
        entry = schedule._entries[1]
        runs = []
        for there.value in (20.0, 26.1, 27.0, 25.6, 26.2, 25.4, 26.2, 20.0):
            await entry.tick(entry.due)
            runs.append(entry.runs)
        assert runs == [0, 1, 1, 1, 1, 1, 2, 2]
        assert await desk.tool("courier.last") == "warm"

    device(work, sensors=[there])
