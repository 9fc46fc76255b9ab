# SPDX-License-Identifier: Apache-2.0
"""Tools of the WebAssembly world that tests use where they are there: `wasm-tools`, as tools/fetch.py brings it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from motet import paths

FETCHED = Path(__file__).resolve().parents[2] / "third_party/wasm-tools/wasm-tools"


def wasm_tools() -> str | None:
    """Path of wasm-tools; None where it could not be had."""
    return str(FETCHED) if FETCHED.exists() else shutil.which("wasm-tools")


def componentised(core: bytes, contract: Path, world: str = "") -> bytes:
    """A component as `wasm-tools component new` makes it of a core module; skips the test without it."""
    tool = wasm_tools()
    if tool is None:
        pytest.skip("wasm-tools is not there: run tools/fetch.py wasm-tools")
    with tempfile.TemporaryDirectory() as folder:
        plain, typed, made = (Path(folder) / name for name in ("core.wasm", "typed.wasm", "component.wasm"))
        plain.write_bytes(core)
        chosen = ["--world", world] if world else []
        subprocess.run([tool, "component", "embed", *chosen, str(contract), str(plain), "-o", str(typed)], check=True)
        subprocess.run([tool, "component", "new", str(typed), "-o", str(made)], check=True)
        return made.read_bytes()


def dummy(contract: str) -> bytes:
    """A component of the contract's world that does nothing, as wasm-tools makes one; it may refer to Motet's packages."""
    tool = wasm_tools()
    if tool is None:
        pytest.skip("wasm-tools is not there: run tools/fetch.py wasm-tools")
    with tempfile.TemporaryDirectory() as folder:
        for package in ("device", "nn", "component"):
            shutil.copytree(paths.data("wit") / package, Path(folder) / "deps" / package)
        (Path(folder) / "contract.wit").write_text(contract)
        core, made = Path(folder) / "core.wasm", Path(folder) / "component.wasm"
        subprocess.run([tool, "component", "embed", "--dummy", folder, "-o", str(core)], check=True)
        subprocess.run([tool, "component", "new", str(core), "-o", str(made)], check=True)
        return made.read_bytes()
