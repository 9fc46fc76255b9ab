# SPDX-License-Identifier: Apache-2.0
"""Every decoder of bytes from outside, fixed seed: it refuses in order or keeps its promise. `make soak` goes on for longer."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.decoder_targets import TARGETS
from tests.support.fuzz_damage import damaged

COUNT = 4000


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_valid_and_what_is_damaged_meets_what_the_decoder_promises(name):
    target, rng = TARGETS[name], random.Random(20260728)
    for seed in target.seeds:
        target.run(seed)
    for _ in range(COUNT):
        target.run(damaged(rng, rng.choice(target.seeds)))


@pytest.mark.parametrize("name", TARGETS)
@given(st.binary(max_size=64))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_any_bytes_meet_what_the_decoder_promises(name, data):
    TARGETS[name].run(data)


SAME = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pump.math.add", "arguments": %s, "_meta": %s}}'
META = b'{"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}'


@pytest.mark.parametrize(
    "arguments",
    [b'{"a": "\\ud800"}', b'{"a": NaN}', b'{"a": 1e999}', b'{"a": %s}' % (b"[" * 300 + b"]" * 300), b'{"a": 1, "a": 2}'],
)
def test_a_call_with_odd_arguments_takes_the_short_way_only_as_the_sdk_would_read_it(arguments):
    TARGETS["body"].run(SAME % (arguments, META))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_call_in_another_encoding_never_takes_the_short_way(encoding):
    TARGETS["body"].run((SAME % (b"{}", META)).decode().encode(encoding))
