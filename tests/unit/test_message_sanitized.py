# SPDX-License-Identifier: Apache-2.0
"""Messages from guest to guest under ASan and UBSan: addresses, lengths and answers that are noise on both sides."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_wasm_sanitized import REDIRECT, compile_all
from tests.support.native import NATIVE, ROOT, WASM3, sanitizing_compiler, wasm3_macros

ROUNDS = 6000


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not WASM3.exists():
        pytest.skip("third_party/wasm3 is missing: tools/fetch.py wasm3")
    folder = tmp_path_factory.mktemp("sanitized")
    common = [sanitizing_compiler(folder), "-std=gnu11", "-O1", "-g", *wasm3_macros()]
    # wasm3 is given one good module only: it is not what is tested here.
    objects = compile_all(sorted(WASM3.glob("*.c")), folder, *common, "-w", "-fno-strict-aliasing", *REDIRECT)
    ours = ["-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [*sorted((NATIVE / "wasm").glob("*.c")), NATIVE / "cancel.c", ROOT / "tests/support/message_sanitized.c"]
    objects += compile_all(sources, folder, *common, *ours, f"-I{NATIVE}", "-isystem", str(WASM3))
    program = folder / "message_sanitized"
    subprocess.run([common[0], "-fsanitize=address,undefined", *objects, "-lm", "-o", str(program)], check=True)
    return program


def test_noise_from_senders_and_receivers_is_harmless(driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests/dual"))
    import fixtures_wasm
    import peer_guest

    for name in ("rig", "fixtures_wasm", "peer_guest", "typed_guest"):
        sys.modules.pop(name, None)
    module, types = tmp_path / "peer.wasm", tmp_path / "types"
    module.write_bytes(fixtures_wasm.PEER)
    types.write_bytes(peer_guest.descriptor())
    done = subprocess.run([str(driver), str(module), str(types), str(ROUNDS)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-4000:]
    counts = re.fullmatch(r"(\d+) answered, (\d+) refused, (\d+) lost, (\d+) faults, (\d+) left\n", done.stdout)
    assert counts is not None
    assert all(int(count) > 100 for count in counts.groups()), done.stdout
