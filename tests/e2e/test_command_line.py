# SPDX-License-Identifier: Apache-2.0
"""The commands as a user types them, against a system with an emulated STM32F405."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import tutorial
from tests.support.system import MOTET, System, descendants

pytestmark = pytest.mark.board
ROOT = Path(__file__).resolve().parents[2]
BOARD = "stm32f405"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with System(tmp_path_factory.mktemp("system"), "--quickstart") as running:
        yield running


def test_quickstart_shows_a_model_and_a_component_at_work_on_the_board(system):
    shown = system.errors.read_text()
    assert f"{BOARD}.models.predict says" in shown
    assert f"{BOARD}.vote.push answers" in shown


def test_devices_lists_the_board_as_online_with_its_tools(system):
    (device,) = system.json("devices")
    assert (device["id"], device["board"], device["online"]) == (BOARD, BOARD, True)
    assert {"models.predict", "vote.push", "vitals.read"} <= set(device["tools"])


def test_tools_are_named_device_dot_tool_and_fit_64_characters(system):
    names = [tool["name"] for tool in system.json("tools")]
    assert f"{BOARD}.vote.push" in names
    assert all(name.startswith(f"{BOARD}.") and len(name) <= 64 for name in names)


def test_call_prints_the_structured_result_of_the_tool(system):
    system.json("call", f"{BOARD}.vote.reset")
    result = system.json("call", f"{BOARD}.vote.push", '{"label": 7}')
    assert result["structuredContent"] == {"label": 7, "votes": 1, "window": 1}


def test_the_tutorial_works_as_it_is_written(system):
    *_, first, second = tutorial.follow(system.folder)
    assert '"mean": 3' in first.output.replace("3.0", "3") and '"mean": 3000' in second.output.replace("3000.0", "3000")
    assert system.json("remove", "press", "--on", BOARD)["name"] == "press"


def test_a_tool_error_has_an_exit_code_of_its_own_and_names_the_field(system):
    done = system.run("call", f"{BOARD}.vote.push", '{"label": "seven"}', "--json")
    assert done.returncode == 4
    assert "label" in json.loads(done.stdout)["content"][0]["text"]


def test_an_unknown_tool_fails_with_its_name(system):
    done = system.run("call", f"{BOARD}.no.such")
    assert done.returncode == 1
    assert "no.such" in done.stderr


@pytest.mark.parametrize("arguments", ["[1]", "{", "7"])
def test_arguments_that_are_no_json_object_are_wrong_usage(system, arguments):
    assert system.run("call", f"{BOARD}.vitals.read", arguments).returncode == 2


def test_install_again_leaves_the_component_as_it_is(system):
    installed = system.json("install", str(ROOT / "examples" / "vote"), "--on", BOARD, "--key", str(system.key))
    assert (installed["kind"], installed["name"], installed["sent"]) == ("component", "vote", False)


def test_install_of_a_module_that_is_no_module_names_the_rule(system, tmp_path):
    for name in ("Component.toml", "vote.wit"):
        (tmp_path / name).write_text((ROOT / "examples" / "vote" / name).read_text())
    (tmp_path / "vote.wasm").write_bytes(b"this is not wasm")
    done = system.run("install", str(tmp_path / "vote.wasm"), "--on", BOARD, "--key", str(system.key))
    assert done.returncode == 1
    assert "rule 'format'" in done.stderr and "WebAssembly" in done.stderr


def test_install_of_a_truncated_model_is_refused_with_the_reason(system, tmp_path):
    model = (ROOT / "models" / "digits" / "digits.tflite").read_bytes()
    (tmp_path / "half.tflite").write_bytes(model[: len(model) // 2])
    done = system.run("install", str(tmp_path / "half.tflite"), "--on", BOARD, "--key", str(system.key))
    assert done.returncode == 1
    assert "half" in done.stderr


def test_install_without_a_signature_is_denied_and_says_what_to_do(system):
    done = system.run("install", str(ROOT / "examples" / "vote"), "--on", BOARD)
    assert done.returncode == 1
    assert "not signed" in done.stderr and "motet sign" in done.stderr
    last = json.loads(system.run("audit", "--limit", "1", "--json").stdout)
    assert (last["action"], last["subject"], last["outcome"]) == ("install", f"{BOARD}/component/vote", "denied")


def test_install_of_a_strangers_package_is_denied_until_the_key_is_trusted(system, tmp_path):
    key, archive = tmp_path / "anna.pem", tmp_path / "vote.motet"
    public = system.json("keygen", "anna", "-o", str(key))["public"]
    assert system.json("sign", str(ROOT / "examples" / "vote"), "--key", str(key), "-o", str(archive))["signed"]
    done = system.run("install", str(archive), "--on", BOARD)
    assert done.returncode == 1 and "not trusted" in done.stderr
    system.json("trust", "add", "anna", public)
    assert system.json("verify", str(archive))["publisher"] == "anna"
    assert system.json("install", str(archive), "--on", BOARD)["name"] == "vote"
    assert system.json("trust", "remove", "anna")["removed"]
    assert system.run("verify", str(archive)).returncode == 1
    assert system.json("audit", "--verify")["entries"] > 3


def test_install_on_a_device_that_is_not_there_says_so(system):
    done = system.run("install", str(ROOT / "models" / "digits" / "digits.tflite"), "--on", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr


def test_what_is_installed_is_listed_explained_updated_and_removed(system, tmp_path):
    folder = tmp_path / "second"
    shutil.copytree(ROOT / "examples" / "vote", folder, ignore=shutil.ignore_patterns("*.wasm"))
    manifest = (folder / "Component.toml").read_text().replace('name = "vote"', 'name = "second"', 1)
    (folder / "Component.toml").write_text(manifest + '\n[dependencies]\nvote = ">=1"\n')
    with_key = ("--key", str(system.key))
    assert system.json("install", str(folder), "--on", BOARD, *with_key)["publishers"] == ["local"]
    (row,) = [row for row in system.json("list") if row["name"] == "second"]
    assert (row["state"], row["revision"], row["source"]) == ("ready", 1, str(folder))
    facts = system.json("info", "second")
    assert facts["dependencies"] == {"vote": ">=1"} and facts["sbom"]["files"] == 3
    (device,) = system.json("status")
    assert device["vitals"]["components"]["second"] and device["artifacts"]
    done = system.run("uninstall", "vote")
    assert done.returncode == 1 and "needed by second" in done.stderr
    (folder / "Component.toml").write_text((folder / "Component.toml").read_text().replace("revision = 1", "revision = 2", 1))
    assert [one["outcome"] for one in system.json("update", "second", *with_key)] == ["updated"]
    assert [row["revision"] for row in system.json("artifacts", BOARD) if row["name"] == "second"] == [2]
    assert system.json("uninstall", "second")["removed"] is True


def test_logs_print_what_the_board_said(system):
    assert isinstance(system.run("logs", BOARD, "--json").stdout, str)
    assert system.run("logs", BOARD).returncode == 0


def test_a_second_system_on_the_same_port_says_that_the_port_is_taken(system, tmp_path):
    port = system.facts["url"].split(":")[2].split("/")[0]
    (tmp_path / "motet.toml").write_text(f"[gateway]\nport = {port}\n")
    done = subprocess.run([*MOTET, "up"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "in use" in done.stderr


def test_two_quickstarts_run_side_by_side(tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    no_port = 'realm = "shop"\n'
    with System(folders[0], "--quickstart", config=no_port) as one, System(folders[1], "--quickstart", config=no_port) as other:
        assert one.facts["url"] != other.facts["url"]
        assert [system.json("devices")[0]["online"] for system in (one, other)] == [True, True]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_system_leaves_no_process_and_no_note_behind(tmp_path, number):
    with System(tmp_path, "--emulate", BOARD) as system:
        assert (tmp_path / ".motet" / "gateway.json").exists()
        assert len(descendants(system.process.pid)) >= 2, "a broker and a board"
        assert system.stop(number) == 0
        assert system.left_behind() == []
        assert not (tmp_path / ".motet" / "gateway.json").exists()


def test_commands_without_a_gateway_say_how_to_start_one(tmp_path):
    command = [*MOTET, "devices", "--gateway", "http://127.0.0.1:9"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 3
    assert "motet up" in done.stderr


def test_config_check_names_file_line_and_key(tmp_path):
    (tmp_path / "motet.toml").write_text('realm = "shop"\n\n[gateway]\nprot = 1\n')
    command = [*MOTET, "config", "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "motet.toml:4" in done.stdout and "prot" in done.stdout


def test_shell_completion_can_be_shown(tmp_path):
    shown = subprocess.run(
        [sys.executable, "-m", "motet.cli", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        env={"SHELL": "/bin/bash"},
    )
    assert "complete" in shown.stdout


def test_what_is_installed_is_listed_and_what_is_removed_is_gone_with_its_tools(system):
    assert {(row["kind"], row["name"]) for row in system.json("artifacts", BOARD)} == {("component", "vote"), ("model", "digits")}
    assert system.json("remove", "vote", "--on", BOARD)["kind"] == "component"
    assert [row["name"] for row in system.json("artifacts", BOARD)] == ["digits"]
    assert system.run("remove", "vote", "--on", BOARD).returncode == 1
    assert not any("vote" in tool["name"] for tool in system.json("tools", BOARD))
