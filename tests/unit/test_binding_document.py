# SPDX-License-Identifier: Apache-2.0
"""docs/binding.md: current, and its vectors are what it says they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from motet_core.errors import WireError
from motet_core.wire import hello, packed, presence
from motet_core.wire.blocks import Joiner

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/binding.md").read_text("utf-8")
VECTORS = {
    what: bytes.fromhex(data) for what, data in re.findall(r"^(.+), \d+ bytes:\n\n```\n([0-9a-f\n]+)```", TEXT, re.MULTILINE)
}
MESSAGES = [data for what, data in VECTORS.items() if what.split(",")[0] in ("a call", "its result", "an error instead")]


def vector(beginning: str) -> bytes:
    (found,) = [data for what, data in VECTORS.items() if what.startswith(beginning)]
    return found


def test_the_document_is_current():
    done = subprocess.run([sys.executable, "tools/make_binding.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_its_messages_decode_and_encode_to_the_same_bytes():
    for data in [*MESSAGES, vector("the cancellation")]:
        message, envelope = packed.loads(data)
        assert bytes(packed.dumps(message, envelope.reply_to, envelope.expires_s)) == data


def test_its_records_decode_and_encode_to_the_same_bytes():
    for codec, beginning in ((hello, "a hello"), (presence, "the presence"), (presence, "the offline")):
        assert codec.encode(**codec.decode(vector(beginning))) == vector(beginning)


def test_its_blocks_join_to_its_result():
    joiner = Joiner(4096, lambda: 0)
    frames = [data for what, data in VECTORS.items() if what.startswith("block")]
    assert [joiner.feed(frame) for frame in frames][-1] == vector("its result")


@pytest.mark.parametrize("data", MESSAGES, ids=["call", "result", "error"])
def test_a_vector_cut_off_or_longer_is_refused(data):
    for wrong in [*(data[:length] for length in range(len(data))), data + b"\0"]:
        with pytest.raises(WireError):
            packed.loads(wrong)
