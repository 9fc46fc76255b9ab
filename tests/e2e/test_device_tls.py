# SPDX-License-Identifier: Apache-2.0
"""Devices that reach the broker over TLS, on CPython and as the edge node: real mosquitto, certificates of an own authority."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.support.authority import DAY, Authority
from tests.support.mosquittos import mosquitto, tls_listener
from tests.support.node_process import device, fleet_at, there
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(("kind", "host"), [("ec", "127.0.0.1"), ("rsa", "localhost")])
async def test_a_device_is_there_and_answers_over_tls(
    command, authority: Authority, tmp_path: Path, kind: str, host: str
) -> None:
    broker = mosquitto(tmp_path, "", tls_listener(*authority.server(host, kind)))
    ca = str(authority.certificate)
    with broker as (plain, secured), device(command, f"mqtts://{host}:{secured}", "--ca", ca):
        async with fleet_at(plain) as fleet:
            await until(lambda: there(fleet))
            for _ in range(3):
                assert not (await fleet.call_tool("node-1", "vitals.read", {})).get("isError")


BAD = {
    "another authority": ("127.0.0.1", DAY, {"cpython": "issuer", "edge": "trusted CA"}),
    "another name": ("elsewhere.example", DAY, {"cpython": "mismatch", "edge": "does not match"}),
    "expired": ("127.0.0.1", -DAY, {"cpython": "expired", "edge": "expired"}),
}


@pytest.mark.parametrize("case", sorted(BAD))
async def test_a_certificate_that_proves_nothing_is_refused_with_the_reason(
    request: pytest.FixtureRequest, command, authority: Authority, tmp_path: Path, case: str
) -> None:
    host, until_when, reasons = BAD[case]
    signer = Authority(tmp_path, "stranger") if case == "another authority" else authority
    broker, ca = mosquitto(tmp_path, tls_listener(*signer.server(host, until=until_when))), str(authority.certificate)
    with broker as (port,), device(command, f"mqtts://127.0.0.1:{port}", "--ca", ca) as refused:
        await until(lambda: len(refused.said) >= 1)
        files = refused.files()
        await until(lambda: len(refused.said) >= 3)
        assert refused.process.poll() is None
        # It comes again and again: nothing of an attempt may stay.
        assert refused.files() <= files
    name = request.node.callspec.params["command"]
    assert all("certificate" in line and reasons[name] in line for line in refused.said), refused.said


async def test_a_broker_without_tls_is_refused(command, authority: Authority, tmp_path: Path) -> None:
    ca = str(authority.certificate)
    with mosquitto(tmp_path, "") as (port,), device(command, f"mqtts://127.0.0.1:{port}", "--ca", ca) as refused:
        await until(lambda: len(refused.said) >= 1)
    assert refused.said[0].startswith(f"no connection to mqtts://127.0.0.1:{port}: ")


@pytest.mark.parametrize(("content", "says"), [(None, "none.pem: "), ("garbage", "none.pem holds no certificates")])
def test_authorities_that_are_none_end_it_with_a_reason(command, tmp_path: Path, content: str | None, says: str) -> None:
    file = tmp_path / "none.pem"
    if content is not None:
        file.write_text(content)
    told = [*command, "--mqtt", "mqtts://127.0.0.1:1", "--id", "a", "--ca", str(file)]
    done = subprocess.run(told, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert says in done.stderr, done.stderr
