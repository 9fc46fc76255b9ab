# SPDX-License-Identifier: Apache-2.0
"""The fast path gives what the way through the SDK gives, to the byte: the same requests at two gateways, one without it."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from tests.support.gateway_pair import ANSWERS, SAY, TOOL, Pair, heads
from tests.support.mcp_http import META, modern_body


def call(name=TOOL, arguments=None, **members):
    body = modern_body("tools/call", name=name, arguments={"a": 1, "b": 2} if arguments is None else arguments)
    return {**body, **members}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with Pair(tmp_path_factory.mktemp("pair")) as made:
        yield made


def test_a_plain_call_takes_the_fast_path_and_odd_ones_do_not(pair):
    before = pair.fast.taken[True]
    assert pair.both(call())[0] == 200
    assert pair.fast.taken[True] == before + 1
    for odd in (call(id=1.5), call(name="pump.none"), [call()], call(name="fleet.search", arguments={"query": "x"})):
        pair.both(odd, heads(odd["params"]["name"] if isinstance(odd, dict) else TOOL))
    assert pair.fast.taken[True] == before + 1


@pytest.mark.parametrize("what", range(len(ANSWERS)))
def test_whatever_the_device_answers_the_client_gets_the_same(pair, what):
    before = pair.fast.taken[True]
    pair.both(call(SAY, {"what": what}), heads(SAY))
    assert pair.fast.taken[True] == before + 1
    pair.both(call("odd.say", {"what": what}), heads("odd.say"), query=b"view=device:pump")


ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, 2**70, 10**400, float("nan"), "", "x" * 300, "é", "\ud800", [], [1], {}, {"a": {}}, "2026-07-28"]
)
NESTED = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
VALUES = st.one_of(ODD, NESTED)
ENCODED = "=?base64?cHVtcC5tYXRoLmFkZA==?="
NAMES = (
    f"{TOOL} {SAY} pump.forbidden.add pump.headed pump.slow pump.asks pump.none away.math.add fleet.search fleet.call math.add "
    f"{ENCODED}"
).split()
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
INFO = "io.modelcontextprotocol/clientInfo"
KEYS = st.sampled_from([*META, INFO, "traceparent", "tracestate", "more", "motet/idempotencyKey"])
CLIENTS = st.sampled_from(
    [{}, TASKS, {"elicitation": {}}, {"sampling": None}, {"roots": {"listChanged": 1}}, {"name": "c", "version": "1"}, TRACE]
)
ROUTING = ["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-param-region", "mcp-session-id"]
HEADS = st.sampled_from([*ROUTING, "content-type", "accept", "origin", "content-length", "host", "last-event-id"])
TYPES = ["application/json", "application/json; charset=utf-8", "text/plain", "*/*", "Application/JSON", "application/*;q=0.1"]
WORDS = [
    "",
    " ",
    "2026-07-28",
    " 2026-07-28\t",
    "2025-11-25",
    "1999-01-01",
    "tools/call",
    "TOOLS/CALL",
    "tools/list",
    TOOL,
    ENCODED,
]
OTHERS = ["http://evil.example", "http://localhost:1", "null", "127.0.0.1", "evil.example", "99999", "-1", "x", "\xff"]
MEMBERS = st.sampled_from(["name", "arguments", "_meta", "requestState", "inputResponses", "task"])
MUTATIONS = st.one_of(
    st.tuples(st.just("top"), st.sampled_from(["jsonrpc", "id", "method", "params", "more"]), VALUES),
    st.tuples(st.just("params"), MEMBERS, VALUES),
    st.tuples(st.just("arguments"), st.sampled_from(["a", "b", "c", "region", "zone", "what", "é"]), VALUES),
    st.tuples(st.just("meta"), KEYS, st.one_of(CLIENTS, VALUES)),
    st.tuples(st.just("drop top"), st.sampled_from(["jsonrpc", "id", "method", "params"]), st.none()),
    st.tuples(st.just("drop params"), MEMBERS, st.none()),
    st.tuples(st.just("drop meta"), st.sampled_from([*META]), st.none()),
    st.tuples(st.sampled_from(["header", "second header"]), HEADS, st.sampled_from(TYPES + WORDS + OTHERS)),
    st.tuples(st.just("drop header"), HEADS, st.none()),
    st.tuples(st.just("bytes"), st.integers(0, 400), st.binary(max_size=4)),
    st.tuples(st.just("whole"), st.sampled_from(["batch", "twice", "bom", "utf-16", "deep", "huge", "cut", "empty"]), st.none()),
)


def changed(body, headers, mutation):
    """The request with one thing odd about it; its body as bytes when it is no JSON object of Python any more."""
    kind, where, value = mutation
    holder = {"top": body, "params": body.get("params"), "meta": None, "arguments": None}
    if isinstance(holder["params"], dict):
        holder |= {"meta": holder["params"].get("_meta"), "arguments": holder["params"].get("arguments")}
    if kind in holder and isinstance(holder[kind], dict):
        holder[kind][where] = value
    elif kind.startswith("drop ") and isinstance(holder.get(kind[5:]), dict):
        holder[kind[5:]].pop(where, None)
    elif kind in ("header", "drop header"):
        headers[:] = [one for one in headers if one[0] != where.encode()]
    if kind.endswith("header") and not kind.startswith("drop"):
        headers.append((where.encode(), value.encode("latin-1")))


def as_bytes(body, kind, where, value):
    """The body with its very bytes changed."""
    whole = json.dumps(body).encode()
    if kind == "bytes":
        return whole[:where] + value + whole[where + len(value) :]
    forms = {
        "batch": b"[" + whole + b"]", "twice": whole[:-1] + b',"id":2,"params":' + json.dumps(body.get("params")).encode() + b"}",
        "bom": b"\xef\xbb\xbf" + whole, "utf-16": whole.decode().encode("utf-16"), "deep": b'{"a":' * 900 + whole + b"}" * 900,
        "huge": whole + b" " * 5000, "cut": whole[:-3], "empty": b"",
    }  # fmt: skip
    return forms.get(where, whole)


@settings(max_examples=700, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(NAMES), st.booleans(), st.lists(MUTATIONS, max_size=3))
@example(TOOL, True, [("meta", "io.modelcontextprotocol/clientCapabilities", TASKS)])
@example(TOOL, True, [("second header", "mcp-name", TOOL)])
@example("pump.headed", True, [("arguments", "region", "eu"), ("header", "mcp-param-region", "eu")])
@example("pump.forbidden.add", True, [])
def test_every_request_gets_the_same_answer_and_leaves_the_same_traces(pair, name, same, mutations):
    body, headers = deepcopy(call(name, {} if name != TOOL else None)), heads(name if same else TOOL)
    for mutation in mutations:
        changed(body, headers, mutation)
    raw = next((one for one in mutations if one[0] in ("bytes", "whole")), None)
    host = [one for one in headers if one[0] == b"host"]
    pair.both(body if raw is None else as_bytes(body, *raw), host + [one for one in headers if one[0] != b"host"])


def test_both_have_left_the_same_traces_and_most_ways_were_taken(pair):
    assert pair.fast.traces() == pair.full.traces()
    assert pair.fast.taken[True] > 50 and pair.fast.taken[False] > 200


def test_calls_are_left_to_the_sdk_where_somebody_collects_traces(pair, monkeypatch):
    class Provider(trace.TracerProvider):
        def get_tracer(self, *_, **__):
            return trace.NoOpTracer()

    monkeypatch.setattr("motet.gateway.fastpath.get_tracer_provider", Provider)
    before = pair.fast.taken[True]
    assert pair.both(call())[0] == 200
    assert pair.fast.taken[True] == before


@pytest.mark.parametrize(("key", "value"), [("progressToken", 7), ("io.modelcontextprotocol/logLevel", "debug")])
def test_a_mark_of_a_stream_that_is_written_with_escapes_does_no_harm(pair, key, value):
    body = call()
    body["params"]["_meta"]["KEY"] = value
    written = json.dumps(body).replace("KEY", f"\\u{ord(key[0]):04x}{key[1:]}").encode()
    assert pair.both(written)[0] == 200
