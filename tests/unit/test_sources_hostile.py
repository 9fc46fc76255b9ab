# SPDX-License-Identifier: Apache-2.0
"""Servers, archives and surroundings that mean no good, where packages come from."""

import gzip
import http.server
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from tests.support.registry import answering

from motet.components.oci import archive
from motet.components.oci.blobs import PackageFormatError
from motet.components.oci.http import Http, TransferError, check_scheme
from motet.components.sources import fetch


def header(name: str, kind: bytes, fields: dict[int, bytes]) -> bytes:
    """One block of a tar with raw bytes at some offsets, and its checksum."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT))
    block[156:157] = kind
    for at, raw in fields.items():
        block[at : at + len(raw)] = raw
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_an_archive_cannot_claim_more_than_it_holds() -> None:
    sparse = header("oci-layout", b"S", {386: b"%011o\0%011o\0" % (0, 0), 483: b"%011o\0" % ((8 << 30) - 1)})
    backwards = {124: b"\xff" * 10 + b"\xfe\x00"}
    nested = (header("x", b"L", {124: b"%011o\0" % 1}) + b"a" + bytes(511)) * 3000
    for data in (sparse, header("a", b"0", backwards), header("a", b"5", backwards), nested):
        with pytest.raises(PackageFormatError, match=r"odd entry|not a package"):
            archive.loads(data + bytes(1024))


def test_nothing_compressed_is_unfolded() -> None:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip, gzip")
        request.end_headers()
        request.wfile.write(gzip.compress(gzip.compress(bytes(1 << 20))))

    with answering(answer) as host, Http() as client, pytest.raises(TransferError, match="not asked for"):
        client.get(f"http://{host}/x", 1 << 20)


def test_headers_that_drip_are_not_waited_for_for_ever() -> None:
    done = threading.Event()

    def drip(request: http.server.BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not done.wait(0.05):
            try:
                request.wfile.write(b"x")
            except OSError:
                return

    with answering(drip) as host, Http(total_s=0.5, read_s=10) as client:
        with pytest.raises(TransferError, match="not finished"):
            client.get(f"http://{host}/x", 100)
        done.set()


def test_redirects_are_followed_a_few_times_and_never_to_plain_http_elsewhere() -> None:
    seen: list[tuple[str, str | None]] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        seen.append((request.path, request.headers["Authorization"]))
        places = {"/a": "/b", "/loop": "/loop", "/out": "http://example.org/x", "/other": f"http://localhost:{port}/b"}
        place = places.get(request.path)
        request.send_response(302 if place else 200)
        if place:
            request.send_header("Location", place)
        request.end_headers()
        request.wfile.write(bytes(64 if place else 2))

    with answering(answer) as host, Http() as client:
        port = host.rpartition(":")[2]
        for path in ("a", "other"):
            assert client.get(f"http://{host}/{path}", 2, authorization="Bearer secret") == bytes(2)
        for path, why in (("loop", "more than 5"), ("out", "only https")):
            with pytest.raises(TransferError, match=why):
                client.get(f"http://{host}/{path}", 2)
    assert seen[:4] == [("/a", "Bearer secret"), ("/b", "Bearer secret"), ("/other", "Bearer secret"), ("/b", None)]
    for url in ("http://example.org/x", "ftp://localhost/x", "http://localhost.example.org/"):
        with pytest.raises(TransferError, match="only https"):
            check_scheme(url)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that wants a filter run over its files."""
    root = tmp_path / "tools"
    root.mkdir()
    (root / "m.tflite").write_bytes(b"x")
    (root / ".gitattributes").write_text("* filter=own\n")
    run = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for step in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*run, *step], check=True)
    return root


def test_a_git_source_runs_no_filter_of_the_user(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tmp_path / "ran"
    (tmp_path / ".gitconfig").write_text(f'[filter "own"]\n\tsmudge = "touch {ran}; cat"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fetch(f"git+file://{repository}#m.tflite").content == b"x"
    assert not ran.exists()


def test_a_git_source_leaves_the_repository_alone_that_it_is_fetched_in(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    subprocess.run(["git", "init", "-q", str(own)], check=True)
    monkeypatch.setenv("GIT_DIR", str(own / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(own))
    assert fetch(f"git+file://{repository}#m.tflite").content == b"x"
    assert [path.name for path in own.iterdir()] == [".git"]
