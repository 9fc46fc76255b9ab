# SPDX-License-Identifier: Apache-2.0
"""Packages as archives and in a registry: they come back whole and signed, or not at all."""

import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.registry import answering, docker_registry

from motet import paths
from motet.components.errors import ComponentError
from motet.components.oci import archive
from motet.components.oci.blobs import PackageFormatError, digest_of
from motet.components.oci.bundle import COMPONENT_TOML, SIGNATURE, Bundle
from motet.components.oci.contents import pack, unpack
from motet.components.oci.http import Http, TransferError
from motet.components.oci.reference import Reference
from motet.components.oci.registry import Registry
from motet.components.packages import Package, from_upload, read
from motet.components.signature import SignatureError, publisher, signed
from motet.components.sources import fetch
from motet.models import ModelError
from motet.trust import PrivateKey, TrustStore

KEY = PrivateKey.generate()
MODEL = signed(read(paths.data("models") / "digits" / "digits.tflite"), KEY)
TOML = (paths.data("examples") / "vote" / "Component.toml").read_text()
MODULE = b"\0asm\1\0\0\0"
VOTE = signed(Package("component", "vote", 1, MODULE, TOML), KEY)
BOTH = pytest.mark.parametrize("package", [MODEL, VOTE], ids=["model", "component"])


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def trusted(tmp_path: Path) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    store.add("author", KEY.public)
    return store


@BOTH
def test_a_package_comes_back_from_its_archive_with_its_signature(package: Package, tmp_path: Path, trusted: TrustStore) -> None:
    path = tmp_path / "x.motet"
    archive.write(pack(package), path)
    again = fetch(str(path))
    assert again == package and publisher(again, trusted) == "author"
    assert archive.dumps(pack(again)) == path.read_bytes()


@BOTH
def test_a_package_comes_back_from_a_registry_by_tag_and_by_digest(package: Package, registry: str, trusted: TrustStore) -> None:
    place = Reference.parse(f"oci://{registry}/tools/{package.name}:1.0")
    with Http() as http_client:
        digest = Registry(http_client, place).push(pack(package))
        assert Registry(http_client, place).push(pack(package)) == digest
    for source in (str(place), f"oci://{registry}/tools/{package.name}@{digest}"):
        again = fetch(source)
        assert again == package and publisher(again, trusted) == "author"


def test_what_is_not_in_the_registry_is_told(registry: str) -> None:
    with pytest.raises(TransferError, match="not there"):
        fetch(f"oci://{registry}/tools/none:1")


@BOTH
def test_a_signature_survives_the_way_to_the_gateway(package: Package, trusted: TrustStore) -> None:
    assert publisher(from_upload(json.loads(json.dumps(package.upload()))), trusted) == "author"


def test_a_signature_holds_for_nothing_else(trusted: TrustStore) -> None:
    changes = (
        {"content": VOTE.content + b"\0"}, {"manifest": TOML + " "}, {"name": "vota"}, {"revision": 2}, {"kind": "model"},
        {"signatures": MODEL.signatures}, {"signatures": (b"nonsense",)},
    )  # fmt: skip
    for change in changes:
        with pytest.raises(SignatureError):
            publisher(replace(VOTE, **change), trusted)
    assert publisher(replace(VOTE, signatures=()), trusted) is None


def test_a_change_of_any_byte_of_the_manifest_shows(trusted: TrustStore) -> None:
    text = TOML.encode()
    for index in range(len(text)):
        changed = (text[:index] + bytes([text[index] ^ 1]) + text[index + 1 :]).decode("latin-1")
        with pytest.raises(SignatureError, match="was changed"):
            publisher(replace(VOTE, manifest=changed), trusted)


def test_a_signature_of_a_stranger_is_refused_not_taken_for_none(trusted: TrustStore) -> None:
    with pytest.raises(SignatureError, match="not trusted"):
        publisher(signed(replace(VOTE, signatures=()), PrivateKey.generate()), trusted)


def test_an_archive_with_any_bit_changed_is_refused_or_the_same(tmp_path: Path, trusted: TrustStore) -> None:
    data = archive.dumps(pack(VOTE))
    for index in range(0, len(data), 7):
        changed = bytearray(data)
        changed[index] ^= 1 << index % 8
        try:
            again = unpack(archive.loads(bytes(changed)))
        except ComponentError:
            continue
        assert again == VOTE


def tar(*items: tuple[str, bytes, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, content, kind in items:
            item = tarfile.TarInfo(name)
            item.type, item.size, item.linkname = kind, len(content), "/etc/passwd"
            file.addfile(item, io.BytesIO(content))
    return out.getvalue()


REGULAR, LINK = tarfile.REGTYPE, tarfile.SYMTYPE
LAYOUT = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}', REGULAR)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 10240, b"PK\x03\x04", tar(), tar(LAYOUT), tar(("index.json", b"", LINK), LAYOUT),
     tar(LAYOUT, ("index.json", b"[]", REGULAR)), tar(LAYOUT, ("index.json", b"{" * 5000, REGULAR)),
     tar(LAYOUT, ("index.json", b'{"manifests":[]}', REGULAR)), tar(LAYOUT, ("index.json", b'{"manifests":[7]}', REGULAR)),
     tar(LAYOUT, ("index.json", b'{"manifests":[{"mediaType":"x","size":1,"digest":"sha256:../../etc"}]}', REGULAR)),
     tar(LAYOUT, LAYOUT), tar(*((f"f{number}", b"", REGULAR) for number in range(100)))],
)  # fmt: skip
def test_archives_that_are_no_packages_are_refused(data: bytes) -> None:
    with pytest.raises(PackageFormatError):
        archive.loads(data)


def test_two_packages_two_manifests_or_none_in_one_are_refused() -> None:
    one, other = pack(VOTE), pack(MODEL)
    mixed = Bundle(one.image, (*one.referrers, other.image), {**one.content, **other.content})
    with pytest.raises(PackageFormatError, match="2 packages"):
        archive.loads(archive.dumps(mixed))
    foreign = Bundle(one.image, other.referrers, {**one.content, **other.content})
    with pytest.raises(PackageFormatError, match="another package"):
        archive.loads(archive.dumps(foreign))
    assert unpack(one.with_attachment(COMPONENT_TOML, b"[component]")) == VOTE
    with pytest.raises(PackageFormatError, match=r"no Component\.toml"):
        unpack(Bundle(one.image, (), one.content))
    crowd = one
    for number in range(40):
        crowd = crowd.with_attachment(SIGNATURE, str(number).encode())
    with pytest.raises(PackageFormatError, match="at most"):
        archive.loads(archive.dumps(crowd))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_noise_is_refused_with_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(PackageFormatError):
        archive.loads(data)


class Lies:
    """A registry with one package, whose answers a test may change."""

    def __init__(self) -> None:
        made = pack(MODEL)
        self.answers = {f"/v2/x/blobs/{digest}": content for digest, content in made.content.items()}
        self.answers |= {f"/v2/x/manifests/{digest_of(one)}": one for one in (made.image, *made.referrers)}
        self.answers["/v2/x/manifests/latest"] = made.image
        listed = [{"mediaType": "m", "digest": digest_of(one), "size": len(one)} for one in made.referrers]
        self.digest, self.listed = digest_of(made.image), listed
        self.answers[f"/v2/x/referrers/{self.digest}"] = json.dumps({"manifests": listed}).encode()

    def __call__(self, request: http.server.BaseHTTPRequestHandler) -> None:
        body = self.answers.get(request.path)
        request.send_response(404 if body is None else 200)
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        request.wfile.write(body or b"")


def test_a_registry_with_the_referrers_api_is_asked_there() -> None:
    with answering(Lies()) as host:
        assert fetch(f"oci://{host}/x") == MODEL


def test_a_registry_that_lies_about_content_is_found_out() -> None:
    for path in Lies().answers:
        lies = Lies()
        lies.answers[path] = lies.answers[path].replace(b"1", b"2", 1) + b" "
        with answering(lies) as host:
            if path.endswith("/latest"):
                # A tag may move; what it names then has another digest, and nobody has signed that.
                assert not fetch(f"oci://{host}/x").signatures
                continue
            with pytest.raises((ComponentError, ModelError)):
                fetch(f"oci://{host}/x@{lies.digest}" if path.endswith(lies.digest) else f"oci://{host}/x")


def test_a_registry_that_gives_another_package_for_a_digest_is_found_out() -> None:
    lies = Lies()
    with answering(lies) as host, pytest.raises(ComponentError):
        wanted = "sha256:" + "0" * 64
        lies.answers[f"/v2/x/manifests/{wanted}"] = lies.answers["/v2/x/manifests/latest"]
        fetch(f"oci://{host}/x@{wanted}")


def test_a_registry_that_stalls_or_floods_is_left() -> None:
    done = threading.Event()

    def stall(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        done.wait(30)

    def flood(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            for _ in range(1000):
                request.wfile.write(bytes(65536))
        except OSError:
            pass

    place = "oci://%s/x"
    with answering(stall) as host, Http(read_s=0.3) as client:
        with pytest.raises(TransferError, match="in time"):
            Registry(client, Reference.parse(place % host)).pull()
        done.set()
    with answering(flood) as host, Http() as client, pytest.raises(TransferError, match="more than"):
        Registry(client, Reference.parse(place % host)).pull()


@pytest.mark.parametrize(
    "text", ["oci://", "oci://host", "oci://host/", "oci://host/UP", "oci://host/a:b:c", "oci://host/a@sha256:1", "oci://h/a/../b",
             "oci://user@host/a", "oci://host/a?x=1", "docker://host/a", "oci://host/" + "a" * 256],
)  # fmt: skip
def test_odd_references_are_refused(text: str) -> None:
    with pytest.raises(PackageFormatError):
        Reference.parse(text)
