# SPDX-License-Identifier: Apache-2.0
"""A real OCI registry on a free loopback port, and one that lies."""

import http.server
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@contextmanager
def answering(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """host:port of a server that answers every GET as told."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
