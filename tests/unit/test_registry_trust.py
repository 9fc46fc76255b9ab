# SPDX-License-Identifier: Apache-2.0
"""Registries that lie about what refers to a package, or want credentials that are for others."""

import http.server
import json
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from tests.support.registry import Repository, answering, serving

from motet import paths
from motet.components.errors import ComponentError
from motet.components.oci.blobs import digest_of
from motet.components.oci.bundle import SBOM
from motet.components.oci.contents import pack, unpack
from motet.components.oci.credentials import credentials
from motet.components.oci.http import Http, TransferError
from motet.components.oci.reference import Reference
from motet.components.oci.registry import Registry
from motet.components.packages import Package
from motet.components.signature import checked, signed
from motet.components.sources import fetch
from motet.trust import PrivateKey, TrustStore

KEY = PrivateKey.generate()


@pytest.fixture(scope="module")
def model() -> Package:
    return signed(fetch(str(paths.data("models") / "digits" / "digits.tflite"), attest=True), KEY)


@pytest.fixture
def trusted(tmp_path: Path) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    store.add("author", KEY.public)
    return store


@pytest.mark.parametrize("lie", ["hidden", "larger", "other digest", "huge", "of another", "none", "odd"])
def test_a_registry_that_lies_about_referrers_gets_nothing_installed(model: Package, trusted: TrustStore, lie: str) -> None:
    there = Repository(pack(model))
    bill = next(one for one in there.made.referrers if json.loads(one)["artifactType"] == SBOM)
    rest = [there.listed(one) for one in there.made.referrers if one != bill]
    foreign = pack(replace(model, revision=9)).with_attachment(SBOM, b"{}").referrers[-1]
    there.answers[f"/v2/x/manifests/{digest_of(foreign)}"] = foreign
    huge = json.loads(bill)
    huge["layers"][0]["size"] = 1 << 40
    grown = json.dumps(huge).encode()
    there.answers[f"/v2/x/manifests/{digest_of(grown)}"] = grown
    there.say(
        {
            "hidden": rest,
            "larger": [*rest, there.listed(bill, size=len(bill) + 1)],
            "other digest": [*rest, there.listed(bill, digest=digest_of(b""))],
            "huge": [*rest, there.listed(grown)],
            "of another": [*rest, there.listed(foreign)],
            "none": {},
            "odd": [*rest, 7],
        }[lie]
    )
    with answering(there) as host, pytest.raises(ComponentError):
        checked(fetch(f"oci://{host}/x"), trusted)


def test_a_crowd_of_foreign_referrers_is_not_even_fetched(model: Package, trusted: TrustStore) -> None:
    there = Repository(pack(model))
    ours = [there.listed(one) for one in there.made.referrers]
    foreign = [{**ours[0], "digest": f"sha256:{n:064x}", "artifactType": "application/vnd.example"} for n in range(100)]
    there.say([*foreign, *ours])
    with answering(there) as host:
        assert checked(fetch(f"oci://{host}/x"), trusted).publishers == ("author",)
    assert not any(f"{5:064x}" in path for path, _ in there.asked)


def test_credentials_go_to_the_registry_they_are_for_and_to_no_other(model: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTET_REGISTRY_TOKEN", "secret")
    there, elsewhere = Repository(pack(model)), Repository(pack(model))
    with answering(there) as host, answering(elsewhere) as other:
        monkeypatch.delenv("MOTET_REGISTRY", raising=False)
        with pytest.raises(TransferError, match="set MOTET_REGISTRY"):
            fetch(f"oci://{host}/x")
        monkeypatch.setenv("MOTET_REGISTRY", host)
        fetch(f"oci://{host}/x")
        fetch(f"oci://{other}/x")
    assert {auth for _, auth in there.asked} == {"Bearer secret"}
    assert {auth for _, auth in elsewhere.asked} == {None}


class Pointing(http.server.BaseHTTPRequestHandler):
    """A registry that has uploads sent to the server in `elsewhere`; `seen`: (server, credentials) of each upload."""

    elsewhere = ""
    seen: ClassVar[list[tuple[str, str | None]]] = []

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.headers["host"], self.headers.get("authorization")))
        self.reply(201)

    def do_HEAD(self) -> None:
        self.reply(404)

    def do_POST(self) -> None:
        self.reply(202)

    do_GET = do_HEAD  # noqa: N815 - the name http.server calls

    def reply(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Location", f"http://{self.elsewhere}/upload")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_registry_cannot_have_uploads_take_credentials_elsewhere(model: Package) -> None:
    with serving(Pointing) as place, serving(Pointing) as other, Http() as client:
        Pointing.elsewhere = other
        Registry(client, Reference.parse(f"oci://{place}/x"), (None, "secret")).push(pack(model))
    assert {(host == other, auth) for host, auth in Pointing.seen} == {(True, None), (False, "Bearer secret")}


def test_credentials_of_docker_login_count_for_their_registry_only(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {"a.example": {"auth": "bWU6c2VjcmV0"}, "b.example": {"auth": "?"}}})
    )
    given = {"DOCKER_CONFIG": str(tmp_path)}
    assert credentials("a.example", given) == ("me", "secret")
    assert credentials("b.example", given) is None and credentials("c.example", given) is None
    (tmp_path / "config.json").write_text("[" * 100_000)
    assert credentials("a.example", given) is None


class Guarded(Repository):
    """A registry that wants a token first; `realm`: where it sends for one."""

    realm = ""

    def __call__(self, request: http.server.BaseHTTPRequestHandler) -> None:
        if request.path.startswith("/token") or request.headers.get("authorization") == "Bearer good":
            super().__call__(request)
            return
        self.asked.append((request.path, request.headers.get("authorization")))
        request.send_response(401)
        request.send_header("WWW-Authenticate", f'Bearer realm="{self.realm}",service="s",scope="repository:x:pull"')
        request.send_header("Content-Length", "0")
        request.end_headers()


TOKEN = "/token?service=s&scope=repository%3Ax%3Apull"


def test_a_token_is_fetched_where_the_registry_says_with_its_credentials_only_from_itself(
    model: Package, trusted: TrustStore
) -> None:
    there, elsewhere = Guarded(pack(model)), Guarded(pack(model))
    for one in (there, elsewhere):
        one.answers[TOKEN] = b'{"token": "good"}'
    with answering(there) as host, answering(elsewhere) as other, Http() as client:
        for server in (host, other):
            there.realm = f"http://{server}/token"
            came = Registry(client, Reference.parse(f"oci://{host}/x"), ("me", "secret")).pull()
            assert checked(unpack(came), trusted).publishers == ("author",)
    assert [auth is not None for path, auth in there.asked if path == TOKEN] == [True]
    assert [auth for path, auth in elsewhere.asked if path == TOKEN] == [None]


@pytest.mark.parametrize(
    "answer", [None, b"", b"[]", b'{"token": 7}', b'{"token": "bad"}', b'{"token": "a\\r\\nX: y"}', b"x" * 100_000]
)
def test_a_token_that_does_not_help_ends_in_a_refusal(model: Package, answer: bytes | None) -> None:
    there = Guarded(pack(model))
    if answer is not None:
        there.answers[TOKEN] = answer
    with answering(there) as host, Http() as client:
        there.realm = f"http://{host}/token"
        with pytest.raises(TransferError):
            Registry(client, Reference.parse(f"oci://{host}/x")).pull()
    assert len(there.asked) <= 4


@pytest.mark.parametrize("realm", ["http://192.0.2.1/token", "ftp://h/x", "token", "file:///etc/passwd", ""])
def test_a_registry_cannot_send_clients_to_odd_places(model: Package, realm: str) -> None:
    there = Guarded(pack(model))
    there.realm = realm
    with answering(there) as host, Http() as client, pytest.raises(TransferError):
        Registry(client, Reference.parse(f"oci://{host}/x"), ("me", "secret")).pull()
