# SPDX-License-Identifier: Apache-2.0
"""What the set-up says on machines that lack something: one sentence with what is missing and the command that installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRESENT = ("bash", "dirname", "tr", "cut", "cat", "find", "sha256sum", "ls", "head", "mkdir", "env", "tail", "grep", "python3")


def machine(folder, *commands, root=False):
    """A PATH with little on it, and a user id."""
    for name in (*PRESENT, *commands):
        found = next(Path(p) / name for p in os.environ["PATH"].split(":") if (Path(p) / name).exists())
        (folder / name).symlink_to(found)
    (folder / "id").write_text(f"#!/bin/sh\necho {0 if root else 1000}\n")
    (folder / "id").chmod(0o755)
    return {"PATH": str(folder), "MOTET_SBIN": str(folder), "HOME": str(folder)}


def setup(environment, purpose="run"):
    command = ["/bin/bash", str(ROOT / "tools" / "setup.sh"), purpose]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def test_without_sudo_it_names_the_packages_and_the_command_for_root(tmp_path):
    done = setup(machine(tmp_path, "apt-get"))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "gcc-arm-none-eabi" in line and "qemu-system-arm" in line
    assert "as root run: apt-get update && apt-get install" in line


def test_a_clang_without_libfuzzer_is_completed_with_the_package_of_its_release(tmp_path):
    environment = machine(tmp_path, "uname", root=True)
    (tmp_path / "clang-14").write_text(f"#!/bin/sh\n[ $1 = -dumpversion ] && echo 14.0.6 || echo {tmp_path}\n")
    (tmp_path / "clang-14").chmod(0o755)
    assert "libclang-rt-14-dev" in setup(environment, "test").stderr
    assert "libclang-rt" not in setup(environment, "run").stderr


def test_without_apt_it_names_the_packages_and_says_so(tmp_path):
    done = setup(machine(tmp_path, root=True))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "no apt-get" in line and "mosquitto" in line


def test_without_a_network_it_gives_the_command_to_run_by_hand(tmp_path):
    environment = machine(tmp_path, root=True)
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'E: Temporary failure resolving the mirror' >&2\nexit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    done = setup(environment)
    assert done.returncode == 1
    assert "Temporary failure" in done.stderr and "apt-get install" in done.stderr


def copy_of_setup(folder):
    """A checkout in `folder` with nothing in it but the set-up."""
    (folder / "tools").mkdir(parents=True)
    (folder / "tools" / "setup.sh").write_text((ROOT / "tools" / "setup.sh").read_text())
    return ["/bin/bash", str(folder / "tools" / "setup.sh"), "run"]


def test_a_folder_with_a_space_in_its_name_is_refused_before_anything_is_built(tmp_path):
    done = subprocess.run(copy_of_setup(tmp_path / "my project"), capture_output=True, text=True)
    assert done.returncode == 1
    assert "a folder with a space in its name" in done.stderr
    assert not (tmp_path / "my project" / "build").exists()


def test_an_interpreter_that_is_not_there_is_named(tmp_path):
    environment = {**os.environ, "MOTET_PYTHON": "/no/python"}
    done = subprocess.run(copy_of_setup(tmp_path), capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr == "setup: MOTET_PYTHON is /no/python, which is not there\n"


def test_an_environment_without_pip_is_made_anew_however_current_its_stamp(tmp_path):
    command = copy_of_setup(tmp_path)
    subprocess.run(["python3", "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    (tmp_path / ".venv" / ".stamp").write_text("current")
    (tmp_path / "tools" / "fetch.py").write_text("raise SystemExit('that is enough')")
    (tmp_path / "apt-get").write_text("#!/bin/sh\nexit 1\n")  # a test installs nothing
    (tmp_path / "apt-get").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stderr == "that is enough\n"
    assert subprocess.run([str(tmp_path / ".venv/bin/python"), "-c", "import pip"]).returncode == 0
    assert not (tmp_path / ".venv" / ".stamp").exists()


@pytest.mark.parametrize("name", ["wasm3", "micropython"])
def test_a_source_with_another_digest_is_refused_and_deleted(tmp_path, name):
    files = {"wasm3": "pywasm3-0.5.0.tar.gz", "micropython": "micropython_1.25.0+ds.orig.tar.xz"}
    tools = tmp_path / "tools"
    tools.mkdir()
    for source in (ROOT / "tools").glob("fetch*.py"):
        shutil.copy(source, tools)
    forged = tmp_path / "cache" / files[name]
    forged.parent.mkdir()
    forged.write_bytes(b"not the source")
    environment = {**os.environ, "MOTET_SOURCE_CACHE": str(forged.parent), "PATH": str(tmp_path), "MICROPYTHON_DIR": ""}
    python = os.path.realpath("/proc/self/exe")
    done = subprocess.run([python, str(tools / "fetch.py"), name], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "SHA-256" in done.stdout + done.stderr
    assert not forged.exists()
