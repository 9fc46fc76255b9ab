# SPDX-License-Identifier: Apache-2.0
"""What a gateway does for a device, done by a device that answers by itself: revisions, subscriptions, sealed state, tasks.

On CPython and as the edge node, each with the tools of the conformance suite."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.stdio_talk import PREFIX, Talk, older, request

from motet_core.wire.packed import to_base64

NODE = str(Path(__file__).resolve().parents[2] / "firmware/conformance/node.py")
SUBSCRIPTION = PREFIX + "subscriptionId"
FORMS = {"elicitation": {}}
CHANGE = "test_trigger_tool_change"


@pytest.fixture
def talk(command: list[str]) -> Iterator[Talk]:
    with Talk([sys.executable if command[0] == sys.executable else command[0], NODE]) as talk:
        yield talk


def test_a_request_says_its_revision_or_follows_a_handshake(talk: Talk) -> None:
    refused = talk.ask(older("tools/list", 1))
    assert refused["error"]["code"] == -32602 and "protocolVersion" in refused["error"]["message"]
    assert talk.ask(older("ping", 2))["result"] == {}
    hello = talk.ask(older("initialize", 3, protocolVersion="2025-11-25", capabilities={}, clientInfo={}))
    assert {"tools", "resources", "prompts", "completions"} <= set(hello["result"]["capabilities"])
    talk.say(older("notifications/initialized"))
    assert "tools" in talk.ask(older("tools/list", 4))["result"]


def test_what_is_wrong_with_the_revision_is_said(talk: Talk) -> None:
    newer = talk.ask(request("tools/list", 1, version="2099-01-01"))["error"]
    assert (newer["code"], newer["data"]) == (-32022, {"supported": ["2026-07-28"], "requested": "2099-01-01"})
    bare = request("tools/list", 2)
    del bare["params"]["_meta"][PREFIX + "clientCapabilities"]
    assert talk.ask(bare)["error"]["code"] == -32602
    # Both are of earlier revisions only.
    assert talk.ask(request("ping", 3))["error"]["code"] == -32601
    assert talk.ask(request("initialize", 4))["error"]["code"] == -32601


def test_an_id_that_was_answered_is_a_new_request(talk: Talk) -> None:
    talk.call(CHANGE)
    one = talk.ask(request("tools/list", 1))["result"]
    talk.call(CHANGE)
    assert one != talk.ask(request("tools/list", 1))["result"]


def test_who_listens_is_told_what_was_asked_for_under_its_id(talk: Talk) -> None:
    talk.say(
        request("subscriptions/listen", "l", notifications={"toolsListChanged": True, "resourceSubscriptions": ["test://a"]})
    )
    first = talk.hear()
    assert first["method"] == "notifications/subscriptions/acknowledged"
    wanted = {"toolsListChanged": True, "resourceSubscriptions": ["test://a"]}
    assert first["params"] == {"notifications": wanted, "_meta": {SUBSCRIPTION: "l"}}
    talk.say(request("tools/call", 1, name=CHANGE, arguments={}))
    news, answer = talk.hear(), talk.hear()
    assert (news["method"], news["params"]["_meta"][SUBSCRIPTION]) == ("notifications/tools/list_changed", "l")
    assert answer["id"] == 1
    # Not asked for: another resource, prompts.
    talk.call("test_touch_resource", 2)
    talk.call("test_trigger_prompt_change", 3)
    talk.say(older("notifications/cancelled", requestId="l"))
    talk.call(CHANGE, 4)


def test_subscriptions_are_bounded_and_checked(talk: Talk) -> None:
    for wrong in ({}, {"notifications": []}, {"notifications": {"resourceSubscriptions": [1]}}):
        assert talk.ask(request("subscriptions/listen", "w", **wrong))["error"]["code"] == -32602
    for number in range(4):
        talk.say(request("subscriptions/listen", number, notifications={}))
        assert talk.hear()["params"]["_meta"][SUBSCRIPTION] == number
    assert talk.ask(request("subscriptions/listen", 9, notifications={}))["error"]["code"] == -32052
    assert talk.ask(request("tools/list", 0))["error"]["code"] == -32600


def test_a_client_of_an_earlier_revision_hears_of_lists_without_asking(talk: Talk) -> None:
    talk.ask(older("initialize", 0, protocolVersion="2025-06-18"))
    talk.say(older("tools/call", 1, name=CHANGE, arguments={}))
    assert [message.get("method", "answer") for message in (talk.hear(), talk.hear())] == [
        "notifications/tools/list_changed",
        "answer",
    ]


def test_state_comes_back_only_as_it_was_given_and_to_its_request(talk: Talk) -> None:
    tool, answers = "test_input_required_result_request_state", {"confirm": {"action": "accept", "content": {"ok": True}}}
    asked = talk.call(tool, able=FORMS)["result"]
    state = asked["requestState"]
    assert asked["resultType"] == "input_required" and "nonce" not in state
    other = "test_input_required_result_tampered_state"
    forged = (state[:-8] + "AAAAAAA=", state + "A", "", "nonce", 5, state[:40])
    for wrong in forged:
        error = talk.call(tool, able=FORMS, inputResponses=answers, requestState=wrong)["error"]
        assert error["code"] == -32602 and "requestState" in error["message"]
    assert talk.call(other, able=FORMS, requestState=state)["error"]["code"] == -32602
    assert talk.call(tool, able=FORMS, arguments={"a": 1}, requestState=state)["error"]["code"] == -32602
    given = talk.call(tool, able=FORMS, inputResponses=answers, requestState=state)["result"]
    assert given["content"][0]["text"] == "state-ok"


def test_a_client_is_asked_only_for_what_it_can_do(talk: Talk) -> None:
    error = talk.call("test_missing_capability", able=FORMS)["error"]
    assert (error["code"], error["data"]) == (-32021, {"requiredCapabilities": {"sampling": {}}})
    talk.ask(older("initialize", 0, protocolVersion="2025-11-25", capabilities={"sampling": {}}))
    assert "2026-07-28" in talk.ask(older("tools/call", 2, name="test_sampling", arguments={"prompt": "x"}))["error"]["message"]


def test_a_tool_that_works_on_is_waited_for(talk: Talk) -> None:
    answer = talk.call("slow_compute", arguments={"seconds": 0.3})["result"]
    assert (answer["resultType"], answer["content"][0]["text"]) == ("complete", "computed")


def test_a_tool_that_works_on_can_be_withdrawn(talk: Talk) -> None:
    talk.say(request("tools/call", 1, name="slow_compute", arguments={"seconds": 3600}))
    talk.call("test_simple_text", 2)
    talk.say(older("notifications/cancelled", requestId=1))
    # Its id is free again, and nothing of it keeps the process from ending with its input.
    talk.call("test_simple_text", 1)


def test_a_resource_that_is_not_there_is_named(talk: Talk) -> None:
    error = talk.ask(request("resources/read", 1, uri="test://none"))["error"]
    assert (error["code"], error["data"]) == (-32602, {"uri": "test://none"})


def test_withdrawing_what_cannot_be_is_nothing(talk: Talk) -> None:
    for wrong in ({}, [], None, 1.5, True, "unknown", "x" * 65):
        talk.say(older("notifications/cancelled", requestId=wrong))
    talk.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": []}, older("notifications/none"))
    assert talk.ask(request("tools/list", 1))["result"]


def test_state_with_half_of_a_character_beside_it_is_refused(talk: Talk) -> None:
    state = to_base64(bytes(64))
    error = talk.call("test_simple_text", arguments={"a": "\ud800"}, requestState=state)["error"]
    assert error["code"] in (-32600, -32602)
    assert talk.ask(request("tools/list", 1))["result"]


def test_open_requests_are_bounded(talk: Talk) -> None:
    for number in range(16):
        talk.say(request("tools/call", number, name="slow_compute", arguments={"seconds": 3600}))
        # Its first answer has come, and lets it wait.
        talk.ask(older("ping", "p"))
    refused = talk.call("slow_compute", 16, arguments={"seconds": 3600})
    assert refused["error"]["code"] == -32052
    for number in range(16):
        talk.say(older("notifications/cancelled", requestId=number))
    talk.call("test_simple_text", 17)
