# SPDX-License-Identifier: Apache-2.0
"""MCP 2026-07-28 as a device speaks it: stateless, paged, with errors where the specification wants them."""

import json
import unittest

import rig
from component_artifacts import artifact

from motet_core import errors
from motet_core.errors import InvalidParams, ToolError
from motet_core.hal.replay import sensors
from motet_core.mcp import as_json
from motet_core.wire.catalogue import catalogue_hash
from motet_core.wire.dictionary import PREFIX

VERSION = PREFIX + "protocolVersion"


class DiscoverTest(unittest.TestCase):
    def test_tells_versions_capabilities_and_who_it_is(self):
        async def work(client):
            result = await client.result("server/discover", {"_meta": {VERSION: "2026-07-28"}})
            self.assertEqual(result["resultType"], "complete")
            self.assertEqual(result["supportedVersions"], ["2026-07-28"])
            self.assertEqual(result["capabilities"], {"tools": {"listChanged": True}, "resources": {}})
            self.assertEqual(result["_meta"][PREFIX + "serverInfo"]["name"], client.device.board)

        rig.run(work)

    def test_another_version_is_refused_with_the_supported_ones(self):
        async def work(client):
            for method in ("server/discover", "tools/list", "tools/call"):
                error = await client.error(method, {"name": "vitals.read", "_meta": {VERSION: "2025-06-18"}})
                self.assertEqual(error["code"], -32022)
                self.assertEqual(error["data"], {"supported": ["2026-07-28"], "requested": "2025-06-18"})

        rig.run(work)

    def test_a_request_without_meta_is_served_because_the_gateway_may_strip_it(self):
        async def work(client):
            await client.result("tools/list")
            self.assertEqual((await client.error("tools/list", {"_meta": 5}))["message"], "_meta: expected object")

        rig.run(work)


class ListTest(unittest.TestCase):
    async def pages(self, client):
        tools, cursor, count = [], None, 0
        while True:
            page = await client.result("tools/list", {} if cursor is None else {"cursor": cursor})
            tools += page["tools"]
            count += 1
            cursor = page.get("nextCursor")
            if cursor is None:
                return tools, count

    def test_lists_every_tool_in_order_with_the_announced_hash(self):
        async def work(client):
            await client.install("component", "kit", artifact())
            tools, count = await self.pages(client)
            names = [tool["name"] for tool in tools]
            self.assertEqual(names, sorted(names))
            self.assertIn("kit.record", names)
            self.assertEqual(count, 1)
            self.assertEqual(catalogue_hash(tools), client.presences[-1]["catalogue"])

        rig.run(work)

    def test_pages_when_one_message_is_too_small_and_loses_nothing(self):
        async def work(client):
            await client.install("component", "kit", artifact())
            tools, count = await self.pages(client)
            self.assertGreaterEqual(count, 2)
            self.assertEqual(catalogue_hash(tools), client.presences[-1]["catalogue"])

        rig.run(work, max_total=800)

    def test_refuses_a_cursor_that_it_did_not_give(self):
        async def work(client):
            for cursor in ("x", "", "-1", "99", "1.5", 1, [], "00000"):
                self.assertEqual((await client.error("tools/list", {"cursor": cursor}))["code"], errors.INVALID_PARAMS)

        rig.run(work)

    def test_every_tool_describes_itself_within_the_rules(self):
        async def work(client):
            tools, _ = await self.pages(client)
            self.assertEqual([tool["name"] for tool in tools], ["sensors.list", "sensors.read", "vitals.read"])
            for tool in tools:
                self.assertTrue(tool["description"])
                self.assertEqual(tool["inputSchema"]["type"], "object")

        rig.run(work, sensors=sensors())


class CallTest(unittest.TestCase):
    def test_an_answer_has_structure_and_the_same_as_text(self):
        async def work(client):
            await client.install("component", "kit", artifact())
            result = await client.tool("kit.record", short=7)
            self.assertEqual((result["resultType"], result["isError"]), ("complete", False))
            self.assertEqual(json.loads(result["content"][0]["text"]), result["structuredContent"])
            result = await client.tool("kit.nothing")
            self.assertEqual(result["content"], [{"type": "text", "text": "done"}])
            self.assertNotIn("structuredContent", result)

        rig.run(work)

    def test_an_unknown_tool_is_a_protocol_error(self):
        async def work(client):
            for name in ("nope", "", 5, None):
                error = await client.error("tools/call", {"name": name})
                self.assertEqual(error["code"], errors.INVALID_PARAMS)
                self.assertIn("name: ", error["message"])

        rig.run(work)

    def test_wrong_arguments_are_a_tool_error_that_names_the_field(self):
        async def work(client):
            await client.install("component", "kit", artifact())
            for arguments, text in (
                ({"a": 1}, "b: is required (integer)"),
                ({"a": 1, "b": "2"}, "b: expected integer, got string"),
                ({"a": 1, "b": 2, "c": 3}, "c: is not known; known are a, b"),
                ({"a": 1, "b": 1 << 31}, "b: expected s32"),
                ([], "arguments: expected object, got array"),
            ):
                result = await client.result("tools/call", {"name": "kit.add", "arguments": arguments})
                self.assertEqual((result["isError"], result["content"][0]["text"]), (True, text))
                self.assertEqual(result["_meta"], {"motet/error": "arguments"})

        rig.run(work)

    def test_a_runaway_tool_is_stopped_and_the_next_call_is_answered(self):
        async def work(client):
            await client.install("component", "kit", artifact())
            result = await client.tool("kit.spin")
            self.assertEqual((result["isError"], result["_meta"]), (True, {"motet/error": "out_of_fuel"}))
            self.assertIn("out of fuel after 1000 units", result["content"][0]["text"])
            self.assertEqual((await client.tool("kit.add", a=1, b=2))["structuredContent"], {"result": 3})
            vitals = (await client.tool("vitals.read"))["structuredContent"]
            self.assertEqual(vitals["components"], {"kit": {"calls": 2, "traps": 1, "fuel_stops": 1}})
            self.assertEqual(vitals["calls"]["tool_errors"], 1)

        rig.run(work)

    def test_arguments_may_be_absent(self):
        async def work(client):
            self.assertFalse((await client.result("tools/call", {"name": "vitals.read"}))["isError"])

        rig.run(work)

    def test_text_shows_bytes_as_base64(self):
        self.assertEqual(as_json({"data": b"ABC", "n": [1]}).replace(" ", "").count('"data":"QUJD"'), 1)


class HostTest(unittest.TestCase):
    """What a tool host may do to the device."""

    def host(self, answer):
        class Host:
            blocking = False

            def tools(self):
                return ("odd.tool",)

            def describe(self, name):
                return {"name": name, "description": "x", "inputSchema": {"type": "object"}}

            def call(self, name, arguments):
                return answer()

        return Host()

    def with_host(self, answer, check):
        async def work(client):
            client.device.supervisor.add(self.host(answer))
            check(await client.request("tools/call", {"name": "odd.tool"}))
            await client.tool("vitals.read")

        rig.run(work)

    def test_an_exception_is_an_internal_error_without_details(self):
        def answer():
            raise KeyError("secret")

        def check(reply):
            self.assertEqual(reply["error"], {"code": errors.INTERNAL, "message": "internal error, see the device log"})

        self.with_host(answer, check)

    def test_a_tool_error_and_a_typed_error_keep_their_kinds(self):
        def tool_error():
            raise ToolError("no water", "unavailable")

        def typed():
            raise InvalidParams("a: wrong")

        self.with_host(tool_error, lambda reply: self.assertEqual(reply["result"]["_meta"], {"motet/error": "unavailable"}))
        self.with_host(typed, lambda reply: self.assertEqual(reply["error"]["code"], errors.INVALID_PARAMS))

    def test_an_answer_that_cannot_be_sent_is_an_error(self):
        self.with_host(lambda: ({"x": object()}, "text"), lambda reply: self.assertIn("error", reply))
