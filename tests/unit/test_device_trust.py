# SPDX-License-Identifier: Apache-2.0
"""What a gateway signs, a device of its own takes: exactly that, and from nobody else."""

import asyncio
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from motet import paths
from motet.components.errors import InstallError
from motet.components.install import install
from motet.fleet import RpcError
from motet.models import inspect
from motet.trust import PrivateKey, sign
from motet_core import cbor, errors
from motet_core.artifact import Artifacts
from motet_core.gateway_key import GatewayKey
from motet_core.storage import Storage
from motet_core.supervisor import Supervisor

DUAL = Path(__file__).resolve().parents[1] / "dual"
KEY = PrivateKey.generate()


@pytest.fixture(autouse=True)
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A device and its client in this process, as the tests for both interpreters use them."""
    monkeypatch.syspath_prepend(str(DUAL))
    import rig

    yield rig
    sys.modules.pop("rig", None)


def announced(data: bytes) -> dict[str, Any]:
    return {"kind": "component", "name": "kit", "revision": 3, "size": len(data), "digest": hashlib.sha256(data).digest()}


def manifest(key: PrivateKey, fields: dict[str, Any], context: str = "artifact") -> bytes:
    said = [fields[name] for name in ("kind", "name", "revision", "size", "digest")]
    return sign(key, cbor.dumps(dict(enumerate(said, 1))), context)


def test_a_manifest_for_exactly_this_artifact_opens_the_door(rig: Any) -> None:
    from component_artifacts import artifact

    data = artifact(revision=3)

    async def work(client: Any) -> None:
        await client.result("trust.enrol", {"key": KEY.public.raw})
        params = announced(data)
        begun = await client.result("artifact.begin", {**params, "manifest": manifest(KEY, params)})
        for offset in range(0, len(data), begun["block"]):
            part = {"transfer": begun["transfer"], "offset": offset, "data": data[offset : offset + begun["block"]]}
            await client.result("artifact.block", part)
        assert (await client.result("artifact.commit", {"transfer": begun["transfer"]}))["revision"] == 3

    rig.run(work)


def test_a_manifest_for_anything_else_does_not(rig: Any) -> None:
    params = announced(b"data")
    changes: list[dict[str, Any]] = [
        {"kind": "model"}, {"name": "kat"}, {"revision": 2}, {"revision": 4}, {"size": 5}, {"digest": bytes(32)}
    ]  # fmt: skip
    manifests = [manifest(KEY, params | change) for change in changes]
    manifests += [manifest(PrivateKey.generate(), params), manifest(KEY, params, "package"), manifest(KEY, params)[:-1]]
    manifests += [sign(KEY, b"\xff", "artifact"), sign(KEY, b"", "artifact"), sign(KEY, b"\x80", "artifact")]
    good = manifest(KEY, params)
    manifests += [good[:index] + bytes([good[index] ^ 1]) + good[index + 1 :] for index in range(0, len(good), 9)]

    async def work(client: Any) -> None:
        await client.result("trust.enrol", {"key": KEY.public.raw})
        for one in manifests:
            error = await client.error("artifact.begin", {**params, "manifest": one})
            assert error["code"] == errors.UNTRUSTED, error

    rig.run(work)


def test_what_was_begun_before_the_gateway_came_cannot_be_committed_after(rig: Any) -> None:
    from component_artifacts import artifact

    data = artifact(revision=3)

    async def work(client: Any) -> None:
        begun = await client.result("artifact.begin", announced(data))
        await client.result("trust.enrol", {"key": KEY.public.raw})
        for offset in range(0, len(data), begun["block"]):
            part = {"transfer": begun["transfer"], "offset": offset, "data": data[offset : offset + begun["block"]]}
            await client.result("artifact.block", part)
        assert (await client.error("artifact.commit", {"transfer": begun["transfer"]}))["code"] == errors.UNTRUSTED
        assert (await client.result("artifact.list"))["artifacts"] == []

    rig.run(work)


def test_everything_is_forgotten_on_the_gateways_word_only(rig: Any) -> None:
    from test_artifact_flash import make_flash

    async def work(client: Any) -> None:
        await client.result("trust.enrol", {"key": KEY.public.raw})
        for wrong in (sign(KEY, cbor.dumps({}), "artifact"), sign(KEY, cbor.dumps({1: 1}), "format"), b""):
            assert (await client.error("storage.format", {"manifest": wrong}))["code"] == errors.UNTRUSTED
        assert await client.result("storage.format", {"manifest": sign(KEY, cbor.dumps({}), "format")}) == {}
        assert (await client.result("trust.state"))["basis"] == "none"

    flash = make_flash()
    rig.run(work, flash=flash)


def test_the_key_outlives_a_restart_in_flash(rig: Any) -> None:
    from test_artifact_flash import make_flash

    async def meet(client: Any) -> None:
        assert (await client.result("trust.enrol", {"key": KEY.public.raw}))["stored"] == "flash"

    async def again(client: Any) -> None:
        assert (await client.result("trust.state"))["key"] == KEY.public.id
        other = {"key": PrivateKey.generate().public.raw}
        assert (await client.error("trust.enrol", other))["code"] == errors.UNTRUSTED

    flash = make_flash()
    rig.run(meet, flash=flash)
    rig.run(again, flash=flash)


def test_a_flipped_bit_in_flash_does_not_open_the_device_to_another_gateway(rig: Any) -> None:
    from test_artifact_flash import make_flash

    other = {"key": PrivateKey.generate().public.raw}

    async def meet(client: Any) -> None:
        await client.result("trust.enrol", {"key": KEY.public.raw})

    async def again(client: Any) -> None:
        assert (await client.error("trust.enrol", other))["code"] == errors.UNTRUSTED
        await meet(client)

    flash = make_flash()
    rig.run(meet, flash=flash)
    for which in (0, 1):
        content = bytearray(memoryview(flash))
        at = content.find(KEY.public.raw)
        # The second record, and the first one that was written anew behind it.
        at = content.find(KEY.public.raw, at + 1) if which else at
        content[at] ^= 1
        flash.load(bytes(content))
        rig.run(again, flash=flash)


class Core:
    """The methods of one device core for the install client, with nothing in between."""

    def __init__(self) -> None:
        storage = Storage(None, "test")
        trust = GatewayKey(storage)
        artifacts = Artifacts(Supervisor(lambda key: None), 512, 8192, self._changed, check=trust.check_artifact)
        self.methods = artifacts.methods() | trust.methods()

    async def _changed(self) -> None:
        pass

    async def call(self, device: str, method: str, params: dict[str, Any], timeout: float) -> Any:
        if method not in self.methods:
            raise RpcError(device, errors.METHOD_NOT_FOUND, "no such method")
        try:
            return await self.methods[method](params, None)
        except errors.MotetError as error:
            raise RpcError(device, error.code, error.message) from error


def model(revision: int) -> Any:
    return replace(inspect((paths.data("models") / "digits/digits.tflite").read_bytes(), "digits"), revision=revision)


def test_the_install_client_enrols_signs_and_is_told_when_another_gateway_was_first() -> None:
    core, other = Core(), PrivateKey.generate()
    assert asyncio.run(install(core, "d", model(1), key=KEY)).sent
    assert not asyncio.run(install(core, "d", model(1), key=other)).sent
    with pytest.raises(InstallError, match="another gateway was there first"):
        asyncio.run(install(core, "d", model(2), key=other))
    with pytest.raises(InstallError, match="signed by the gateway"):
        asyncio.run(install(core, "d", model(2)))
    assert asyncio.run(install(core, "d", model(2), key=KEY)).sent


def test_firmware_from_before_signatures_takes_what_it_gets() -> None:
    core = Core()
    del core.methods["trust.enrol"]
    assert asyncio.run(install(core, "d", model(1), key=KEY)).sent
