# SPDX-License-Identifier: Apache-2.0
"""`motet config get`, `set`, `reset`: one value changes, everything else stays, and no file ever stops being valid."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from motet.cli.main import app

FILE = '# mine\nrealm = "shop" # here\n\n[gateway]\n# the port\nport = 1\n\n[[serial]]\nurl = "a"\n'


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "motet.toml"
    path.write_text(FILE)
    return path


def run(*arguments):
    done = CliRunner().invoke(app, ["config", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_a_value_is_set_and_comments_stay(file):
    assert run("set", "gateway.port", "9000") == (0, "motet.toml: gateway.port is 9000\n")
    assert file.read_text() == FILE.replace("port = 1", "port = 9000")
    assert json.loads(run("get", "gateway.port", "-o", "json")[1]) == {"key": "gateway.port", "value": 9000}


def test_tables_that_are_not_there_are_made(file):
    assert run("set", "log.level", "debug")[0] == 0
    assert run("set", "gateway.allowed_hosts", '["a.example", "b.example"]')[0] == 0
    assert json.loads(run("get", "gateway.allowed_hosts")[1]) == ["a.example", "b.example"]
    assert 'level = "debug"' in file.read_text()


def test_a_reset_value_is_the_default_again(file):
    assert run("reset", "gateway.port")[0] == 0
    assert run("get", "gateway.port")[1] == "8765\n" and "# the port" in file.read_text()
    assert run("reset")[0] == 0 and file.read_text() == ""
    file.unlink()
    assert run("reset")[0] == 0 and not file.exists()
    assert run("set", "realm", "x")[0] == 0 and file.read_text() == 'realm = "x"\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "gateway.prot", "1"), "did you mean port?"),
        (("set", "gatway.port", "1"), "did you mean gateway?"),
        (("set", "gateway.port", "99999"), "motet.toml:6: gateway.port"),
        (("set", "gateway.port", "many"), "gateway.port"),
        (("set", "gateway.port", "[" * 5000), "gateway.port"),
        (("set", "realm", "a b"), "realm: expected 1 to 32 characters"),
        (("set", "gateway", "1"), "is a table"),
        (("set", "serial", "1"), "is a table"),
        (("set", "serial.0.url", "x"), "changed in the file itself"),
        (("set", "a.b.c.d", "x"), "unknown key"),
        (("set", "", "x"), "unknown key"),
        (("set", "\x1b[31m", "x"), "unknown key"),
        (("set", "realm", "x\x00y"), "realm"),
        (("get", "nothing"), "unknown key"),
        (("reset", "gateway.nothing"), "unknown key"),
        (("get",), "Missing argument"),
    ],
)
def test_what_makes_no_sense_is_refused_and_the_file_stays_as_it_is(file, arguments, words):
    code, said = run(*arguments)
    assert code == 2 and words in said and "\x1b[31mx" not in said and "Traceback" not in said
    assert file.read_text() == FILE


def test_a_dry_run_changes_nothing(file):
    for arguments in (("set", "gateway.port", "9000"), ("reset",), ("reset", "gateway")):
        assert run(*arguments, "--dry-run")[0] == 0
    assert file.read_text() == FILE


def test_a_broken_file_is_told_and_not_touched(file):
    file.write_text("[gateway\n")
    assert "not TOML" in run("set", "gateway.port", "1")[1]
    assert file.read_text() == "[gateway\n"


def test_passwords_are_not_shown_and_stay_as_private_as_the_file_was(file):
    os.chmod(file, 0o600)
    said = run("set", "broker.url", "mqtt://me:hunter2@h")[1]
    said += run("get", "broker.url")[1] + run("get", "broker")[1] + run("show")[1]
    run("set", "store.url", "postgresql://me:hunter2@h/d")
    said += run("show")[1] + run("get", "store.url", "-o", "yaml")[1]
    assert "hunter2" not in said and "hunter2" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
