# SPDX-License-Identifier: Apache-2.0
"""motet.toml: an empty file is valid, and everything wrong is told with its line and what was expected."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.config import Config, ConfigError, Problem, check, load
from motet.config.locate import Locator

FULL = """\
realm = "plant"

[gateway]
host = "0.0.0.0"
port = 0
call_timeout_s = 5
name = "gw"

[broker]
url = "mqtts://user:secret@broker.example:8883"
kind = "auto"

[[serial]]
url = "/dev/ttyUSB0"
baud = 921600

[[serial]]
url = "socket://127.0.0.1:4000"
id = "press"

[[emulate]]
board = "stm32f405"
icount = false

[state]
dir = "/var/lib/motet"

[log]
level = "debug"
json = true
"""


@pytest.fixture
def file(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "motet.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "[gateway]\n"])
def test_an_empty_file_is_valid_and_means_the_defaults(file, text):
    path = file(text)
    assert check(path) == []
    config = load(path, {})
    assert (config.realm, config.gateway.host, config.broker.url, config.serial, config.emulate) == (
        "motet",
        "127.0.0.1",
        "",
        [],
        [],
    )


def test_no_file_at_all_means_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(environ={}) == Config()
    assert load(environ={}).state.dir == tmp_path / ".motet"


def test_the_file_in_the_working_directory_is_found(file, monkeypatch):
    monkeypatch.chdir(file('realm = "here"').parent)
    assert load(environ={}).realm == "here"


def test_every_key_can_be_set(file):
    config = load(file(FULL), {})
    assert check(file(FULL)) == []
    assert (config.realm, config.gateway.port, config.gateway.call_timeout_s) == ("plant", 0, 5.0)
    assert [(one.url, one.baud, one.id) for one in config.serial][1] == ("socket://127.0.0.1:4000", 115200, "press")
    assert [(one.board, one.id, one.icount) for one in config.emulate] == [("stm32f405", "stm32f405", False)]
    assert config.state.dir == Path("/var/lib/motet") and config.log.json_lines is True


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("[gateway]\nprot = 1\n", 2, "gateway.prot", "did you mean port?"),
        ("\n\n[gatewy]\nport = 1\n", 3, "gatewy", "did you mean gateway?"),
        ("zzz = 1", 1, "zzz", "there are realm, gateway"),
        ('# port\n[gateway]\nport = "8080"\n', 3, "gateway.port", "valid integer, not '8080'"),
        ("[gateway]\nhost = 'h'\nport = 70000", 3, "gateway.port", "less than or equal to 65535, not 70000"),
        ("gateway.port = -1", 1, "gateway.port", "greater than or equal to 0"),
        ("gateway = { port = true }", 1, "gateway.port", "valid integer"),
        ("[gateway]\ncall_timeout_s = 0", 2, "gateway.call_timeout_s", "greater than 0"),
        ("[gateway]\ncall_timeout_s = nan", 2, "gateway.call_timeout_s", "finite number"),
        ('[gateway]\nname = "this name is not an id"', 2, "gateway.name", "expected "),
        ('realm = "a/b"', 1, "realm", "expected "),
        ('[broker]\nurl = "http://x"', 2, "broker.url", "expected "),
        ('[broker]\nkind = "emqx"', 2, "broker.kind", "'auto', 'mosquitto' or 'amqtt'"),
        ("[[serial]]\nurl = '/dev/a'\n\n[[serial]]\nbaud = 9600\n", 4, "serial[1].url", "needed"),
        ("[[serial]]\nurl = '/dev/a'\n[[serial]]\nurl = '/dev/b'\nbuad = 9600\n", 5, "serial[1].buad", "did you mean baud?"),
        ("serial = [\n  { url = '/dev/a' },\n  { url = 5 },\n]", 1, "serial[1].url", "valid string"),
        ("[serial]\nurl = '/dev/a'", 1, "serial", "valid list"),
        ("gateway = 5", 1, "gateway", "expected a table"),
        ("[[emulate]]\nboard = 'STM'", 2, "emulate[0].board", "expected "),
        ("[[emulate]]\nicount = true", 1, "emulate[0].board", "needed"),
        ("[log]\nlevel = 'loud'", 2, "log.level", "'debug', 'info', 'warning' or 'error'"),
        ("[log]\njson_lines = true", 2, "log.json_lines", "there are level, json"),
        ("[[serial]]\nurl='x'\nid='a'\n[[emulate]]\nboard='b'\nid='a'", 6, "emulate[0].id", "taken by [[serial]] number 1"),
        ("[[serial]]\nurl='x'\nid='a'\n[[upstream]]\nurl='http://h/m'\nid='a'", 6, "upstream[0].id", "taken by [[serial]]"),
        ("[[emulate]]\nboard = 'b'\n[[emulate]]\nboard = 'b'", 3, "emulate[1].id", "taken by [[emulate]] number 1"),
        ("[[serial]]\nurl = 'x'\n[[serial]]\nurl = 'x'", 4, "serial[1].url", "another [[serial]]"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_told_with_its_line(file, text, line, key, words):
    problems = check(file(text))
    assert [(problem.line, problem.key) for problem in problems] == [(line, key)], problems
    assert words in problems[0].message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = \nb = 1", 1),
        ("ok = 1\n[gateway\n", 2),
        ("x = 1\nx = 2\n", 2),
        ('x = "unfinished', 1),
        ("y = [1,\n2,\n", 2),
        (b"\xff\xfe", 1),
        ("a = " + "[" * 5000, 0),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(file, text, line):
    (problem,) = check(file(text))
    assert (problem.line, problem.key) == (line, "")


def test_a_missing_file_that_was_asked_for_is_a_problem(tmp_path):
    (problem,) = check(tmp_path / "none.toml")
    assert problem == Problem(0, "", f"{tmp_path / 'none.toml'} cannot be read: No such file or directory")


def test_all_problems_are_told_at_once_in_the_order_of_lines(file):
    path = file("[gateway]\nport = 'x'\nprot = 1\n[log]\nlevel = 3\n")
    assert [problem.line for problem in check(path)] == [2, 3, 5]
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert len(caught.value.problems) == 3
    assert str(caught.value).splitlines()[1] == f"{path}:3: gateway.prot: unknown key; did you mean port?"


def test_the_environment_overrides_the_file(file):
    environ = {
        "MOTET_GATEWAY__PORT": "9000",
        "MOTET_REALM": "lab",
        "MOTET_LOG__JSON": "true",
        "MOTET_STATE__DIR": "/x",
        "HOME": "/",
    }
    config = load(file("[gateway]\nport = 1\nhost = 'h'"), environ)
    assert (config.gateway.port, config.gateway.host, config.realm, config.log.json_lines) == (9000, "h", "lab", True)
    assert config.state.dir == Path("/x")


def test_a_list_in_the_environment_is_separated_by_commas_and_may_be_empty():
    names = {text: load(environ={"MOTET_GATEWAY__ALLOWED_HOSTS": text}).gateway.allowed_hosts for text in ("", "a", " a, b ,")}
    assert names == {"": [], "a": ["a"], " a, b ,": ["a", "b"]}


def test_variables_of_other_programs_are_left_alone():
    assert load(environ={"MOTET_URL": "x", "MOTET": "y", "MOTETTE__PORT": "z"}).gateway.port == Config().gateway.port


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MOTET_GATEWAY__PORT", "many", "valid integer"),
        ("MOTET_GATEWAY__PORT", "", "valid integer"),
        ("MOTET_GATEWAY__PROT", "1", "did you mean port?"),
        ("MOTET_GATEWY__PORT", "1", "only tables of single values"),
        ("MOTET_SERIAL__URL", "/dev/x", "only tables of single values"),
        ("MOTET_GATEWAY__PORT__X", "1", "only tables of single values"),
        ("MOTET_REALM", "a/b", "expected "),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(tmp_path, monkeypatch, variable, value, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(environ={variable: value})
    assert str(caught.value).startswith(f"{variable}: ") and words in str(caught.value)


ODD = """\
# a
x = '''
y = 1
[z]
'''  # not the end

# b
y = [
  1, # two
  2,
]
z.a = 1

[t]
"odd key" = {b = 1}
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [("x", 2), ("y", 8), ("y/1", 8), ("z/a", 12), ("t", 14), ("t/odd key/b", 15), ("t/none", 14), ("none", 1)],
)
def test_lines_are_found_behind_multiline_values_and_comments(key, line):
    assert Locator(ODD).line([int(part) if part.isdigit() else part for part in key.split("/")]) == line


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet="ab.[]=#\"\n'{}1, ", max_size=60))
def test_any_text_gives_problems_and_never_an_exception(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "motet.toml"
    path.write_text(text)
    assert all(isinstance(problem, Problem) and problem.line >= 0 for problem in check(path))
