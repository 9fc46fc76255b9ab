# SPDX-License-Identifier: Apache-2.0
"""Commands with bad input and bad servers: one sentence, the documented exit code, nothing started."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mcp.shared.exceptions import MCPError
from typer.testing import CliRunner

from motet.cli import console
from motet.cli.client import GatewayClient, find_gateway
from motet.cli.console import Exit, FatalError
from motet.cli.main import app
from motet.cli.mcp_client import _explain
from motet.cli.stack import _announced
from motet.gateway import errors


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No motet.toml, no running gateway."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOTET_GATEWAY_URL", raising=False)


def run(*arguments):
    return CliRunner().invoke(app, arguments)


@contextlib.contextmanager
def server(status, body, kind="application/json"):
    """An HTTP server that always answers so; yields its URL and the paths it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name http.server calls

        def log_message(self, *_):
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", asked
        http.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("up", "--emulate", "nosuch"), "no board is called 'nosuch'"),
        (("up", "--emulate", "../x"), "no board is called '../x'"),
        (("up", "--emulate", "stm32f405", "--emulate", "stm32f405"), "taken by [[emulate]] number 1"),
        (("demo", "--board", "nosuch"), "no board is called 'nosuch'"),
        (("emulate",), "name the board"),
        (("emulate", "../x"), "no board is called '../x'"),
        (("bridge", "socket://127.0.0.1:1", "--id", "a b"), "device id 'a b'"),
        (("bridge", "socket://127.0.0.1:1", "--broker", "http://x"), "mqtt://"),
        (("bridge", "a", "b", "--id", "x"), "--id names one board"),
        (("devices", "--gateway", "http://[::"), "a gateway's URL is like"),
        (("tools", "--gateway", "localhost:8765"), "a gateway's URL is like"),
        (("call", "a.b", "[" * 100_000), "not JSON"),
        (("install", "gone.wasm", "--on", "x"), "gone.wasm: no such file"),
        (("config", "check", "gone.toml"), "gone.toml cannot be read"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments, words, as_json):
    done = run(*arguments, *(["--json"] if as_json else []))
    assert done.exit_code == Exit.USAGE
    assert words in done.output
    assert "Traceback" not in done.output and "gone.toml:0" not in done.output
    if as_json:
        json.loads(done.stdout)


def test_a_configuration_that_is_not_there_is_the_defaults():
    done = run("config", "check")
    assert (done.exit_code, done.output) == (0, "no motet.toml here: the defaults hold\n")


def test_the_configuration_shown_has_the_keys_of_the_file_and_no_password(tmp_path):
    (tmp_path / "motet.toml").write_text('[broker]\nurl = "mqtt://me:hunter2@h"\n[log]\njson = true\n')
    for done in (run("config", "show"), run("config", "show", "--json")):
        shown = json.loads(done.stdout)
        assert "hunter2" not in done.output
        assert (shown["broker"]["url"], shown["log"]["json"]) == ("mqtt://me:***@h", True)


def test_boards_are_listed_as_json_too():
    assert json.loads(run("emulate", "--list", "--json").stdout) == run("emulate", "--list").stdout.split()


def test_a_state_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FatalError, match="set state") as caught, _announced(tmp_path / "file", "http://h/mcp"):
        pass
    assert caught.value.code == Exit.USAGE


def test_a_system_that_ends_leaves_the_note_of_one_that_started_later(tmp_path):
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        first.enter_context(_announced(tmp_path, "http://127.0.0.1:1/mcp"))
        second.enter_context(_announced(tmp_path, "http://127.0.0.1:2/mcp"))
        first.close()
        assert find_gateway(None, tmp_path) == "http://127.0.0.1:2"
        second.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", "\x00"])
def test_a_damaged_note_means_the_default_address(tmp_path, text):
    (tmp_path / "gateway.json").write_text(text)
    assert find_gateway(None, tmp_path) == "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, Exit.FAILED), (409, Exit.UNREACHABLE), (503, Exit.UNREACHABLE), (408, Exit.TIMEOUT), (500, Exit.FAILED)],
)
def test_a_refusal_is_told_in_the_gateways_words_with_its_exit_code(status, code):
    with server(status, b'{"error": "these words"}') as (url, _):
        for ask in (lambda c: c.devices(), lambda c: list(c.logs(None, False)), lambda c: list(c.install("x", {}))):
            with pytest.raises(FatalError, match="these words") as caught:
                ask(GatewayClient(url))
            assert caught.value.code == code


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"\xff", b"7"])
def test_a_server_that_is_no_gateway_is_told_apart(body):
    with server(200, body, "text/html") as (url, _), pytest.raises(FatalError, match="is no gateway") as caught:
        GatewayClient(url).devices()
    assert caught.value.code == Exit.UNREACHABLE


def test_a_devices_name_cannot_lead_to_another_path():
    with server(404, b"{}") as (url, asked), pytest.raises(FatalError):
        list(GatewayClient(url).install("../../x?y#z", {}))
    assert asked == ["/api/v1/devices/..%2F..%2Fx%3Fy%23z/artifacts"]


@pytest.mark.parametrize(
    "ask", [lambda c: c.devices(), lambda c: list(c.logs(None, False)), lambda c: list(c.install("x", {})), lambda c: c.tools()]
)
def test_a_gateway_that_says_nothing_ends_in_a_time_out(ask):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = GatewayClient(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.2)
        with pytest.raises(FatalError, match="did not answer in time") as caught:
            ask(client)
    assert caught.value.code == Exit.TIMEOUT


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errors.DEVICE_TIMEOUT, Exit.TIMEOUT),
        (errors.DEVICE_OFFLINE, Exit.UNREACHABLE),
        (errors.BUS_DOWN, Exit.UNREACHABLE),
        (errors.DEVICE_RESTARTED, Exit.FAILED),
        (-32602, Exit.FAILED),
    ],
)
def test_an_error_of_a_call_has_the_exit_code_of_its_kind(number, code):
    explained = _explain(MCPError(number, "device pump did something in time"), "http://h")
    assert explained is not None and explained.code == code


def test_what_devices_say_reaches_the_terminal_without_escapes_or_markup(capsys):
    console.table(("A", "B"), [("[/x]", "a\x1b[2J\x9b:smile:\ud800")], "empty")
    console.show("[bold]\x1b]0;title\x07")
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\x07" not in shown and "\x9b" not in shown
    assert "[/x]" in shown and r"a\x1b[2J\x9b:smile:\ud800" in shown and "[bold]" in shown


def test_a_log_record_with_a_line_break_stays_one_line():
    record = {"time": "t", "device": "pump", "level": "info", "text": "a\nt valve error forged"}
    with server(200, json.dumps(record).encode() + b"\n") as (url, _):
        assert run("logs", "--gateway", url).stdout == "t pump info a\\nt valve error forged\n"


def test_names_of_tools_stay_whole_in_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    console.table(("TOOL", "WHAT"), [("x" * 64, "word " * 20)], "empty")
    assert "x" * 64 in capsys.readouterr().out
