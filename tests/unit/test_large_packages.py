# SPDX-License-Identifier: Apache-2.0
"""Components for gateways are large: every source carries them whole and signed, and nothing else of that size."""

from __future__ import annotations

import asyncio
import http.server
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import https
from tests.support.package_gateway import package_gateway
from tests.support.registry import Repository, answering, docker_registry

from motet.components import wholes
from motet.components.errors import ComponentError
from motet.components.oci import archive
from motet.components.oci.blobs import PackageFormatError
from motet.components.oci.contents import pack
from motet.components.oci.http import Http, TransferError
from motet.components.oci.reference import Reference
from motet.components.oci.registry import Registry
from motet.components.packages import Package
from motet.components.signature import publisher, signed
from motet.components.sources import fetch
from motet.trust import PrivateKey, TrustStore

KEY = PrivateKey.generate()
TOML = '[component]\nname = "large"\nrevision = 1\ndescription = "d"\nwit = "large.wit"\nplace = "gateway"\n'
# More than any package for boards has.
SIZE = 6 << 20
LARGE = signed(Package("component", "large", 1, random.Random(1).randbytes(SIZE), TOML), KEY)
# Signed like the other one, and for boards.
BOARD = signed(replace(LARGE, manifest=TOML.replace('place = "gateway"\n', ""), signatures=()), KEY)
Source = Callable[[Package], str]


@pytest.fixture
def trusted(tmp_path: Path) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    store.add("author", KEY.public)
    return store


@pytest.fixture(params=["registry", "web", "git", "file"])
def source(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """Puts a package somewhere and says where."""
    if request.param == "registry":
        with docker_registry(tmp_path) as host:

            def pushed(package: Package) -> str:
                place = Reference.parse(f"oci://{host}/tools/large:1")
                with Http() as http_client:
                    Registry(http_client, place).push(pack(package))
                return str(place)

            yield pushed
    elif request.param == "web":
        pem, files = https.certificate(tmp_path), dict[str, bytes]()
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        with https.web_server(pem, files) as url:
            yield lambda package: files.update({"/large.motet": archive.dumps(pack(package))}) or f"{url}/large.motet"
    else:
        yield lambda package: _file(package, tmp_path, request.param == "git")


def _file(package: Package, folder: Path, in_git: bool) -> str:
    root = folder / "repository"
    root.mkdir()
    archive.write(pack(package), root / "large.motet")
    if not in_git:
        return str(root / "large.motet")
    run = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for step in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*run, *step], check=True)
    return f"git+file://{root}#large.motet"


def test_one_for_gateways_comes_whole_and_signed_from_everywhere(source: Source, trusted: TrustStore) -> None:
    again = fetch(source(LARGE))
    assert again == LARGE and publisher(again, trusted) == "author"


def test_one_for_boards_of_that_size_is_refused_everywhere(source: Source) -> None:
    with pytest.raises(ComponentError, match=f"{SIZE} bytes, at most 524288 are accepted"):
        fetch(source(BOARD))


@pytest.mark.anyio
async def test_another_gateway_passes_it_on(tmp_path: Path, trusted: TrustStore) -> None:
    async with package_gateway(tmp_path, "press", trusted=KEY.public) as home:
        home.depot.put("press", LARGE, ("author",), "")
        again = await asyncio.to_thread(fetch, f"gateway+{home.url}/large")
        assert again == LARGE and publisher(again, trusted) == "author"
        home.depot.put("press", BOARD, ("author",), "")
        with pytest.raises(ComponentError, match=r"at most 524288|damaged"):
            await asyncio.to_thread(fetch, f"gateway+{home.url}/large")


def test_what_is_larger_than_any_component_is_not_fetched_whatever_it_says() -> None:
    repository = Repository(pack(LARGE))
    image = json.loads(repository.made.image)
    for size in (wholes.MAX_BYTES + 1, 1 << 62):
        image["layers"][0]["size"] = size
        repository.answers["/v2/x/manifests/latest"] = json.dumps(image).encode()
        with answering(repository) as host, pytest.raises(PackageFormatError, match="bytes, at most"):
            fetch(f"oci://{host}/x:latest")
        assert not [path for path, _ in repository.asked if path.endswith(image["layers"][0]["digest"])]


def test_a_server_that_never_ends_is_left_at_the_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 20)

    def flood(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(bytes(1 << 16))
        except OSError:
            pass

    with answering(flood) as host, pytest.raises(TransferError, match="more than the 1048576 bytes"):
        fetch(f"http://{host}/x.motet")
