# SPDX-License-Identifier: Apache-2.0
"""From the wish in Component.toml to the grant on a device: what policies allow, a component can do there, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from motet.components.admission import Admitted
from motet.components.grants import Permit
from motet.components.packages import Package, accept, read
from motet.trust import PrivateKey, sign
from motet.trust.signing import GRANT
from motet_core import cbor, errors

ROOT = Path(__file__).resolve().parents[2]
WATCHER = ROOT / "tests/support/watcher"
KEY, STRANGER = PrivateKey.generate(), PrivateKey.generate()
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A device and its client in this process, as the tests for both interpreters use them."""
    monkeypatch.syspath_prepend(str(ROOT / "tests/dual"))
    import rig

    yield rig
    sys.modules.pop("rig", None)


@pytest.fixture(scope="module")
def package() -> Package:
    return read(WATCHER)


@pytest.fixture(scope="module")
def watcher(package: Package) -> Admitted:
    accepted = accept(package)
    assert isinstance(accepted, Admitted)
    return accepted


def permit(item: Admitted, serial: int = 1, device: str = "dut") -> bytes:
    return Permit(item.manifest, device, serial).signed(KEY, item.digest)


def fields(item: Admitted, **changes: Any) -> dict[int, Any]:
    """A grant's fields by their names, changed; None leaves one out."""
    header = item.manifest.component
    said = {"component": header.name, "revision": header.revision, "digest": item.digest, "device": "dut", "until": None}
    said |= {"limits": item.manifest.capabilities.limits(), "serial": 1} | changes
    return {number: value for number, value in enumerate(said.values(), 1) if value is not None}


def grant(item: Admitted, key: PrivateKey = KEY, context: str = GRANT, **changes: Any) -> bytes:
    return sign(key, cbor.dumps(fields(item, **changes)), context)


async def install(client: Any, item: Admitted, given: bytes | None) -> Json:
    """Everything from the first contact on -> the last answer."""
    await client.result("trust.enrol", {"key": KEY.public.raw})
    header, data = item.manifest.component, item.artifact
    params = {"kind": "component", "name": header.name, "revision": header.revision, "size": len(data), "digest": item.digest}
    params["manifest"] = sign(KEY, cbor.dumps(dict(enumerate(params.values(), 1))), "artifact")
    begun = await client.request("artifact.begin", params if given is None else {**params, "grant": given})
    if "error" in begun:
        return dict(begun)
    transfer, size = begun["result"]["transfer"], begun["result"]["block"]
    for offset in range(0, len(data), size):
        block = {"transfer": transfer, "offset": offset, "data": data[offset : offset + size]}
        await client.result("artifact.block", block)
    return dict(await client.request("artifact.commit", {"transfer": transfer}))


Work = Callable[[Any], Awaitable[None]]


@pytest.fixture
def run(rig: Any, watcher: Admitted) -> Callable[..., None]:
    """Runs work against a device with the watcher on it."""

    def run(work: Work, given: bytes | None = None, **options: Any) -> None:
        async def all_of_it(client: Any) -> None:
            answer = await install(client, watcher, given or permit(watcher))
            assert "result" in answer, answer
            await work(client)

        rig.run(all_of_it, **options)

    return run


async def told(client: Any, method: str = "notifications/message") -> list[Json]:
    """The params of the notifications so far."""
    await client.result("trust.state")
    return [message["params"] for message in client.notifications if message["method"] == method]


def test_a_granted_component_reads_logs_and_asks_the_time(run: Callable[..., None]) -> None:
    async def work(client: Any) -> None:
        answer = await client.tool("watch.look", sensor="sea_temperature")
        assert answer["structuredContent"]["result"] == pytest.approx(24.38, abs=5)
        assert (await client.tool("watch.names"))["structuredContent"] == {"result": "sea_temperature"}
        assert (await client.tool("watch.times"))["structuredContent"]["result"][1] is True
        lines = await told(client)
        assert lines == [{"level": "info", "logger": "watch", "data": "sea_temperature"}]

    run(work)


def test_what_the_grant_does_not_cover_is_a_typed_error_and_the_gateway_hears_of_it(run: Callable[..., None]) -> None:
    async def work(client: Any) -> None:
        answer = await client.tool("watch.look", sensor="digit_camera")
        assert answer["isError"] and answer["content"][0]["text"] == "denied"
        line = (await told(client))[0]
        assert line["logger"] == "watch" and line["data"]["denied"] == "motet:device/sensors" and line["data"]["count"] == 1
        vitals = (await client.tool("vitals.read"))["structuredContent"]
        assert vitals["components"]["watch"]["denials"] == 1

    run(work)


def test_without_a_grant_the_first_import_is_named(rig: Any, watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        answer = await install(client, watcher, None)
        assert answer["error"]["code"] == errors.REFUSED and "does not grant" in answer["error"]["message"]

    rig.run(work)


def refused(rig: Any, watcher: Admitted, given: bytes) -> Json:
    """The error of an installation with this grant; that nothing runs afterwards is checked."""
    errors_seen: list[Json] = []

    async def work(client: Any) -> None:
        answer = await install(client, watcher, given)
        errors_seen.append(answer["error"])
        assert (await client.result("artifact.list")) == {"artifacts": []}
        assert (await client.result("grant.list")) == {"grants": []}

    rig.run(work)
    return errors_seen[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"component": "other"}, "another component"),
        ({"revision": 2}, "another revision"),
        ({"digest": bytes(32)}, "another digest"),
        ({"device": "dut2"}, "for the device dut2"),
        ({"until": 1_600_000_000}, "has ended"),
        ({"serial": 0}, "serial"),
        ({"limits": {99: [[1]]}}, "no capability 99"),
        ({"limits": {1: []}}, "no entries"),
        ({"limits": {4: [["*a", 0]]}}, "another shape"),
        ({"limits": {4: [["../x", 0]]}}, "another shape"),
        ({"limits": {4: [["", 0]]}}, "another shape"),
        ({"limits": {4: [["a b", 0]]}}, "another shape"),
        ({"limits": {4: [["a", -1]]}}, "another shape"),
        ({"limits": {4: [["a", True]]}}, "another shape"),
        ({"limits": {4: [["a", 10001]]}}, "another shape"),
        ({"limits": {4: [["a"]]}}, "another shape"),
        ({"limits": {5: [[1, 2, 0]]}}, "another shape"),
        ({"limits": {8: [[0, "a/#/b", 0]]}}, "another shape"),
        ({"limits": {4: [["a", 0]] * 33}}, "at most 32 entries"),
        ({"limits": [1]}, "limits are not"),
        ({"limits": None}, "limits is missing"),
    ],
)
def test_a_signed_grant_that_is_wrong_is_refused(rig: Any, watcher: Admitted, changes: Json, said: str) -> None:
    error = refused(rig, watcher, grant(watcher, **changes))
    assert error["code"] == errors.UNTRUSTED and said in error["message"], error


def test_a_grant_of_another_key_or_for_another_purpose_is_refused(rig: Any, watcher: Admitted) -> None:
    assert refused(rig, watcher, grant(watcher, STRANGER))["code"] == errors.UNTRUSTED
    assert refused(rig, watcher, grant(watcher, context="artifact"))["code"] == errors.UNTRUSTED
    assert refused(rig, watcher, b"\x80")["code"] == errors.UNTRUSTED
    assert refused(rig, watcher, bytes(1025))["code"] == errors.INVALID_PARAMS


def test_a_grant_that_is_changed_in_any_byte_is_refused(rig: Any, watcher: Admitted) -> None:
    good = permit(watcher)

    async def work(client: Any) -> None:
        await install(client, watcher, good)
        for at in range(len(good)):
            wrong = good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
            assert (await client.error("grant.put", {"grant": wrong}))["code"] == errors.UNTRUSTED, at
        for at in range(0, len(good), 7):
            assert "code" in await client.error("grant.put", {"grant": good[:at]})
        assert "result" in await client.request("grant.put", {"grant": good})

    rig.run(work)


def test_a_device_that_knows_no_gateway_takes_no_grant(rig: Any, watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        header = watcher.manifest.component
        params = {"kind": "component", "name": header.name, "revision": 1, "size": 1, "digest": watcher.digest}
        error = await client.error("artifact.begin", {**params, "grant": permit(watcher)})
        assert error["code"] == errors.UNTRUSTED and "no gateway" in error["message"]
        error = await client.error("artifact.begin", {**params, "kind": "model", "grant": permit(watcher)})
        assert error["code"] == errors.INVALID_PARAMS

    rig.run(work)


def test_an_older_grant_is_never_taken_again(run: Callable[..., None], watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        await client.result("grant.put", {"grant": permit(watcher, 7)})
        assert (await client.result("grant.put", {"grant": permit(watcher, 7)}))["serial"] == 7
        for serial in (6, 7):
            error = await client.error("grant.put", {"grant": grant(watcher, serial=serial, until=1 << 33)})
            assert error["code"] == errors.UNTRUSTED and "has seen 7" in error["message"]
        await client.result("artifact.remove", {"kind": "component", "name": "watch"})
        assert "has seen 7" in (await install(client, watcher, permit(watcher, 6)))["error"]["message"]
        assert "result" in await install(client, watcher, permit(watcher, 8))

    run(work, permit(watcher, 5))


def test_a_renewed_grant_counts_at_once(run: Callable[..., None], watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        limits = {1: [[0]], 2: [[0]], 4: [["digit_camera", 0]]}
        await client.result("grant.put", {"grant": grant(watcher, serial=2, limits=limits)})
        assert (await client.tool("watch.look", sensor="sea_temperature"))["content"][0]["text"] == "denied"
        assert (await client.tool("watch.look", sensor="digit_camera"))["content"][0]["text"] == "invalid"
        await client.result("grant.put", {"grant": grant(watcher, serial=3, limits={1: [[0]]})})
        assert (await client.tool("watch.names"))["content"][0]["text"] == "denied"
        times = await client.tool("watch.times")
        assert times["isError"] and "denied: the grant does not have it any more" in times["content"][0]["text"]
        # It starts again for the next call, which needs all of its imports.
        assert "does not grant" in (await client.tool("watch.times"))["content"][0]["text"]
        await client.result("grant.put", {"grant": permit(watcher, 4)})
        assert (await client.tool("watch.look", sensor="sea_temperature"))["isError"] is False
        assert [row["serial"] for row in (await client.result("grant.list"))["grants"]] == [4]

    run(work)


def test_a_grant_ends_and_its_typed_error_says_so(run: Callable[..., None], watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        assert (await client.tool("watch.look", sensor="sea_temperature"))["isError"] is False
        # The host says a later time.
        client.device.clock += 1001 * 1000
        answer = await client.tool("watch.look", sensor="sea_temperature")
        assert "expired" in answer["content"][0]["text"] or "has ended" in answer["content"][0]["text"]
        client.device.clock = None
        answer = await client.tool("watch.names")
        assert answer["content"][0]["text"] == "expired"

    run(work, grant(watcher, until=1_700_000_000 + 1000))


def test_another_device_id_ends_a_grant_for_this_one(run: Callable[..., None]) -> None:
    async def work(client: Any) -> None:
        client.device.id = "else"
        client.device.clock += 1
        assert (await client.tool("watch.names"))["content"][0]["text"] == "denied"

    run(work)


def test_more_often_than_the_rate_is_a_typed_error(run: Callable[..., None], watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        answers = [await client.tool("watch.look", sensor="sea_temperature") for _ in range(4)]
        assert [answer["isError"] for answer in answers[:2]] == [False, False]
        assert "limited" in [answer["content"][0]["text"] for answer in answers[2:]]

    run(work, grant(watcher, limits={1: [[0]], 2: [[0]], 4: [["sea*", 2]]}))
