# SPDX-License-Identifier: Apache-2.0
"""The keywords over Robot's remote protocol, asked by Robot's own client, found as renode-test finds them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from robot.libraries.Remote import Remote, RemoteError

from motet.emulate.keywords.library import Renode
from motet.emulate.keywords.remote import bind

PATIENCE_S = 20.0


class Server:
    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "TMPDIR": str(folder)}
        command = [
            sys.executable,
            "-m",
            "motet.emulate.keywords.remote",
            "--robot-server-port",
            "0",
            "--hide-log",
            "--disable-gui",
        ]
        self.process = subprocess.Popen(command, env=environment)
        self.port_file = folder / f"renode-{self.process.pid}/robot_port"
        deadline = time.monotonic() + PATIENCE_S
        while not self.port_file.exists():
            assert self.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{self.port_file.read_text()}"
        self.client = Remote(self.url)

    def call(self, keyword: str, *arguments: object) -> Any:
        return self.client.run_keyword(keyword, arguments, {})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.kill()
    made.process.wait()


def test_robots_client_finds_the_keywords_and_gets_results(server: Server) -> None:
    names = server.client.get_keyword_names()
    assert {"Create Terminal Tester", "Wait For Line On Uart", "Execute Command", "Stop Remote Server"} <= set(names)
    assert server.call("Execute Command", 'mach create "x"') == ""
    assert server.call("Allocate Temporary File").startswith(str(server.port_file.parents[1]))


def test_errors_arrive_as_failures_with_their_words(server: Server) -> None:
    with pytest.raises(RemoteError, match="No such command or device: dance"):
        server.call("Execute Command", "dance")
    with pytest.raises(RemoteError, match=r"could not convert|invalid literal"):
        server.call("Set Default Uart Timeout", "soon")
    with pytest.raises(RemoteError, match="not found"):
        server.call("No Such Keyword")
    with pytest.raises(RemoteError, match="at most 1 arguments, got 2"):
        server.call("Set Default Uart Timeout", "1", "2")
    with pytest.raises(RemoteError, match="There are no testers available"):
        server.call("Wait For Line On Uart", "x", "timeout=0")


def test_what_is_no_call_of_the_protocol_does_not_end_the_server(server: Server) -> None:
    with urllib.request.urlopen(urllib.request.Request(server.url, b"no xml at all"), timeout=10) as answer:
        assert b"<fault>" in answer.read()
    assert server.client.get_keyword_names()


def test_it_stops_when_told_to_and_leaves_no_file(server: Server) -> None:
    server.call("Stop Remote Server")
    assert server.process.wait(PATIENCE_S) == 0
    assert not server.port_file.parent.exists()


def test_it_stops_at_an_interrupt_as_renode_test_ends_it(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE_S) == 0
    assert not server.port_file.parent.exists()


def test_it_listens_on_loopback_only(server: Server) -> None:
    port = int(server.port_file.read_text())
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_named_arguments_come_as_text_and_are_converted_by_their_type() -> None:
    given = ["text=with=equals", "timeout=1.5", "treatAsRegex=true", "testerId=None", "unknown=stays"]
    positional, named = bind(Renode.wait_for_line_on_uart, given[:1], {})
    assert positional == ["text=with=equals"]
    positional, named = bind(Renode.wait_for_line_on_uart, ["x", *given[1:4]], {})
    assert positional == ["x"] and named == {"timeout": 1.5, "treatAsRegex": True, "testerId": None}
