# SPDX-License-Identifier: Apache-2.0
"""Packages from web servers and git repositories, and what is refused there."""

import http.server
import subprocess
from pathlib import Path

import pytest
from tests.support.registry import answering

from motet import paths
from motet.components.errors import ComponentError
from motet.components.oci import archive
from motet.components.oci.contents import pack
from motet.components.oci.http import TransferError
from motet.components.oci.reference import Reference
from motet.components.packages import Package
from motet.components.sources import Checkout, fetch

TOML = (paths.data("examples") / "vote" / "Component.toml").read_text()
VOTE = Package("component", "vote", 1, b"\0asm\1\0\0\0", TOML)


def test_plain_http_is_for_this_machine_only() -> None:
    assert Reference.parse("oci://127.0.0.1:5000/a/b:1").url == "http://127.0.0.1:5000/v2/a/b"
    assert Reference.parse("oci://[::1]/a").url == "http://[::1]/v2/a"
    assert Reference.parse("oci://localhost.example.org/a").url == "https://localhost.example.org/v2/a"
    with pytest.raises(TransferError, match="https"):
        fetch("http://example.org/x.motet")


def test_an_archive_comes_from_a_web_server() -> None:
    data = archive.dumps(pack(VOTE))

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200 if request.path == "/x.motet" else 404)
        request.end_headers()
        request.wfile.write(data)

    with answering(answer) as host:
        assert fetch(f"http://{host}/x.motet") == VOTE
        with pytest.raises(TransferError, match="404"):
            fetch(f"http://{host}/y.motet")
        with pytest.raises(TransferError, match="expected an archive"):
            fetch(f"http://{host}/y")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a model at two revisions and a link that leads out."""
    root = tmp_path / "tools"
    (root / "models").mkdir(parents=True)
    run = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*run[:3], "init", "-q"], check=True)
    for tag, size in (("v1", 1), ("v2", 2)):
        (root / "models/m.tflite").write_bytes(b"x" * size)
        (root / "out").unlink(missing_ok=True)
        (root / "out").symlink_to("/etc")
        subprocess.run([*run, "add", "-A"], check=True)
        subprocess.run([*run, "commit", "-q", "-m", tag], check=True)
        subprocess.run([*run, "tag", tag], check=True)
    return root


def test_a_package_comes_from_a_git_repository_at_a_revision(repository: Path) -> None:
    for revision, size in (("@v1", 1), ("@v2", 2), ("", 2)):
        package = fetch(f"git+file://{repository}{revision}#models/m.tflite")
        assert (package.kind, package.name, len(package.content)) == ("model", "m", size)


def test_git_sources_cannot_leave_the_repository_or_run_anything(repository: Path) -> None:
    for source in (
        f"git+file://{repository}#../other", f"git+file://{repository}#/etc", "git+ext::sh -c true", "git+https://h/r@-x",
        f"git+file://{repository}@none#models/m.tflite", f"git+file://{repository}#out/passwd", "git+--upload-pack=x",
    ):  # fmt: skip
        with pytest.raises(ComponentError):
            fetch(source)


def test_a_checkout_is_told_apart_from_its_source() -> None:
    assert Checkout.parse("git+ssh://git@host/r.git@v1#a/b") == Checkout("ssh://git@host/r.git", "v1", "a/b")
    assert Checkout.parse("git+ssh://git@host/r.git") == Checkout("ssh://git@host/r.git", "HEAD", "")
