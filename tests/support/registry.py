# SPDX-License-Identifier: Apache-2.0
"""A real OCI registry on a free loopback port, and one that lies."""

import http.server
import json
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from motet.components.oci.blobs import digest_of
from motet.components.oci.bundle import Bundle

CONFIG = """version: 0.1
log: {{level: info, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:0", secret: tests}}
"""


@contextmanager
def docker_registry(folder: Path) -> Iterator[str]:
    """host:port of Debian's docker-registry (2.8, without the referrers API)."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed: sudo apt-get install docker-registry")
    settings = folder / "registry.yml"
    settings.write_text(CONFIG.format(folder=folder / "registry"))
    child = subprocess.Popen([program, "serve", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    try:
        # The log says where it listens; what it says afterwards must be read, too, or it would stop at a full pipe.
        said = next(filter(None, (re.search(r"listening on ([0-9.]+:\d+)", line) for line in child.stderr)))
        drain = threading.Thread(target=child.stderr.read)
        drain.start()
        yield said[1]
    finally:
        child.terminate()
        child.wait(10)
        drain.join()


class Repository:
    """A registry with the referrers API; a test may change its answers."""

    def __init__(self, package: Bundle) -> None:
        made = package
        self.made = made
        self.asked: list[tuple[str, str | None]] = []
        self.answers = {f"/v2/x/blobs/{digest}": content for digest, content in made.content.items()}
        self.answers |= {f"/v2/x/manifests/{digest_of(one)}": one for one in (made.image, *made.referrers)}
        self.answers["/v2/x/manifests/latest"] = made.image
        self.say([self.listed(one) for one in made.referrers])

    def listed(self, manifest: bytes, **changes: object) -> dict[str, Any]:
        kind = json.loads(manifest)["artifactType"]
        return {"mediaType": "m", "digest": digest_of(manifest), "size": len(manifest), "artifactType": kind, **changes}

    def say(self, listed: object) -> None:
        self.answers[f"/v2/x/referrers/{digest_of(self.made.image)}"] = json.dumps({"manifests": listed}).encode()

    def __call__(self, request: http.server.BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, request.headers.get("authorization")))
        body = self.answers.get(request.path)
        request.send_response(404 if body is None else 200)
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        request.wfile.write(body or b"")


@contextmanager
def answering(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """host:port of a server that answers every GET as told."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as host:
        yield host


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """host:port of a server on loopback, behind TLS if `tls` says how."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
