# SPDX-License-Identifier: Apache-2.0
"""Messages from guest to guest under ASan and UBSan: addresses, lengths and answers that are noise on both sides."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.native import ROOT, sanitized_engine

ROUNDS = 6000


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # wasm3 is given one good module only: it is not what is tested here.
    return sanitized_engine(ROOT / "tests/support/message_sanitized.c", tmp_path_factory.mktemp("sanitized"))


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
