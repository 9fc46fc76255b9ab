# SPDX-License-Identifier: Apache-2.0
"""What is published installs and works away from the repository, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from motet.models import sizing

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import pathlib, motet, motet.paths, motet.boards, motet_core.device, motet_native
root = pathlib.Path(motet.__file__).parents[1]
assert motet.paths.repository() is None
assert all(pathlib.Path(m.__file__).is_relative_to(root) for m in (motet_core.device, motet_native))
assert motet.boards.load("stm32f405").mcu == "STM32F405RG"
model = motet_native.nn.Model((motet.paths.data("models") / "digits" / "digits.tflite").read_bytes())
trainers = [motet.paths.data("models") / name / "train.py" for name in ("digits", "anomaly", "vibration")]
assert all(trainer.is_file() for trainer in trainers) and (motet.paths.data("models") / "common" / "layers.py").is_file()
assert len(list(motet.paths.data("models").glob("*/*.tflite"))) == 4
assert (motet.paths.data("examples") / "vote" / "Component.toml").is_file()
assert (motet.paths.data("wit") / "wire.cddl").is_file()
print(root, len(model.operators))
"""


def python(*arguments, cwd, **environment):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, env={**os.environ, "MAKEFLAGS": "", **environment}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The source distribution, made from a copy of the tracked files and the fetched wasm3."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    names = [os.fsdecode(name) for name in listed if name and (ROOT / os.fsdecode(name)).is_file()]
    with subprocess.Popen(["tar", "-C", str(ROOT), "-c", "third_party/wasm3", *names], stdout=subprocess.PIPE) as pack:
        subprocess.run(["tar", "-C", str(source), "-x"], stdin=pack.stdout, check=True)
    python("-m", "build", "--no-isolation", "--sdist", "--outdir", str(out), ".", cwd=source)
    (made,) = out.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def installed(sdist, tmp_path_factory):
    """A folder into which the wheel made from the sdist was installed."""
    out = tmp_path_factory.mktemp("wheel")
    python("-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index", "-w", str(out), str(sdist), cwd=out)
    (wheel,) = out.glob("*.whl")
    target = tmp_path_factory.mktemp("site")
    python("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(wheel), cwd=out)
    return target


def test_sdist_carries_headers_and_the_patched_engine_with_its_licence(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"third_party/wasm3/LICENSE", "third_party/wasm3/m3_exec.h", "firmware/native/frame/link.h", "LICENSE"} <= names
    assert not any(name.endswith((".so", ".o")) or "third_party/micropython" in name for name in names)


@pytest.mark.timeout(300)
def test_wheel_made_from_the_sdist_works_outside_the_repository(installed, tmp_path):
    printed = python("-c", PROBE, cwd=tmp_path, PYTHONPATH=str(installed))
    assert printed.startswith(str(installed))


@pytest.mark.timeout(300)
def test_installed_command_lists_boards_and_checks_a_configuration(installed, tmp_path):
    (tmp_path / "motet.toml").write_text('realm = "shop"\n')
    assert "stm32f405" in python("-m", "motet.cli", "emulate", "--list", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "fine" in python("-m", "motet.cli", "config", "check", cwd=tmp_path, PYTHONPATH=str(installed))


@pytest.mark.timeout(300)
def test_installed_command_counts_the_arena_of_a_board_exactly(installed, tmp_path):
    digits = ROOT / "models/digits/digits.tflite"
    checked = json.loads(
        python("-m", "motet.cli", "model", "check", str(digits), "--json", cwd=tmp_path, PYTHONPATH=str(installed))
    )
    assert checked["arena_exact"] and checked["arena_bytes"] == sizing.arena_of_a_board(digits.read_bytes())
