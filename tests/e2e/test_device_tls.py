# SPDX-License-Identifier: Apache-2.0
"""Devices that reach the broker over TLS, on CPython and as the edge node: real mosquitto, certificates of an own authority."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.authority import DAY, Authority
from tests.support.mosquittos import mosquitto, tls_listener
from tests.support.waiting import until

from motet.bus import Bus
from motet.fleet import Fleet

pytestmark = pytest.mark.anyio
REALM = "tls"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


class Device:
    """A running one, and what it has said on standard error."""

    def __init__(self, command: list[str], url: str, *options: str) -> None:
        told = [*command, "--mqtt", url, "--realm", REALM, "--id", "node-1", *options]
        self.process = subprocess.Popen(told, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self.reading = threading.Thread(target=self._read)
        self.reading.start()

    def _read(self) -> None:
        assert self.process.stderr
        self.said.extend(iter(self.process.stderr.readline, ""))

    def files(self) -> int:
        """Open ones."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@contextmanager
def device(*told: object) -> Iterator[Device]:
    running = Device(*told)  # type: ignore[arg-type]
    try:
        yield running
    finally:
        running.process.kill()
        running.reading.join()
        running.process.communicate()


@pytest.mark.parametrize(("kind", "host"), [("ec", "127.0.0.1"), ("rsa", "localhost")])
async def test_a_device_is_there_and_answers_over_tls(
    command, authority: Authority, tmp_path: Path, kind: str, host: str
) -> None:
    broker = mosquitto(tmp_path, "", tls_listener(*authority.server(host, kind)))
    ca = str(authority.certificate)
    with broker as (plain, secured), device(command, f"mqtts://{host}:{secured}", "--ca", ca):
        bus = await Bus.connect(f"mqtt://127.0.0.1:{plain}", "watcher")
        fleet = Fleet(bus, REALM)
        await fleet.start()
        try:
            await until(lambda: (known := fleet.get("node-1")) is not None and known.online and known.tools)
            for _ in range(3):
                assert not (await fleet.call_tool("node-1", "vitals.read", {})).get("isError")
        finally:
            await fleet.close()
            await bus.close()


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
