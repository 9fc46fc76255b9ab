# SPDX-License-Identifier: Apache-2.0
"""Resources and prompts of a device: sensors are read as they are, everything else comes from whoever offers it."""

import unittest

import rig

from motet_core.wire.catalogue import hash_lists
from motet_core.wire.packed import pack

BIG = "x" * 300


class Shop:
    """An extra provider: 12 resources that do not fit one page, one prompt, progress before its tool's answer."""

    blocking = False

    def __init__(self, device):
        self._device = device

    def tools(self):
        return ("shop.count",)

    def describe(self, name):
        return {"name": name, "inputSchema": {"type": "object"}}

    def resources(self):
        return [{"uri": "shop://%02d" % one, "name": BIG} for one in range(12)]

    def prompts(self):
        return [{"name": "greet"}]

    async def read(self, uri, params, request):
        return {"contents": [{"uri": uri, "blob": b"\x00\xff"}]} if uri == "shop://01" else None

    async def prompt(self, name, params, request):
        return {"messages": []} if name == "greet" else None

    async def handle(self, name, params, request):
        token = params["_meta"]["progressToken"]
        await self._device.rpc.tell(request, "notifications/progress", {"progressToken": token, "progress": 1})
        return {"content": []}


async def everything(client, method, key):
    entries, params = [], {}
    while True:
        page = await client.result(method, params)
        entries += page[key]
        if "nextCursor" not in page:
            return entries
        params = {"cursor": page["nextCursor"]}


class Help:
    """An extra provider: completion, and a template instead of resources."""

    blocking = False

    def __init__(self, device):
        pass

    def tools(self):
        return ()

    def templates(self):
        return [{"uriTemplate": "help://{topic}", "name": "help"}]

    async def complete(self, params, request):
        return {"completion": {"values": ["pumps"]}}


class OffersTest(unittest.TestCase):
    def test_discover_announces_what_is_there_and_nothing_else(self):
        async def capabilities(client):
            return (await client.result("server/discover"))["capabilities"]

        async def nothing_but_tools(client):
            self.assertEqual(await capabilities(client), {"tools": {"listChanged": True}})

        async def sensors_and_prompts(client):
            self.assertEqual(sorted(await capabilities(client)), ["prompts", "resources", "tools"])

        async def templates_and_completion(client):
            self.assertEqual(sorted(await capabilities(client)), ["completions", "resources", "tools"])

        rig.run(nothing_but_tools, sensors=[])
        rig.run(sensors_and_prompts, extras=(Shop,))
        rig.run(templates_and_completion, sensors=[], extras=(Help,))

    def test_a_sensor_with_bytes_is_read_as_bytes_and_one_with_a_value_as_json(self):
        async def work(client):
            listed = await everything(client, "resources/list", "resources")
            self.assertIn("device://sensors/digit_camera", [one["uri"] for one in listed])
            found = (await client.result("resources/read", {"uri": "device://sensors/digit_camera"}))["contents"][0]
            self.assertEqual(len(found["blob"]), 64)
            self.assertEqual((type(found["blob"]), found["_meta"]["shape"]), (bytes, [8, 8]))
            found = (await client.result("resources/read", {"uri": "device://sensors/sea_temperature"}))["contents"][0]
            self.assertIn('"unit"', found["text"])

        rig.run(work)

    def test_lists_come_in_pages_and_have_the_hash_that_was_announced(self):
        async def work(client):
            lists = [
                await everything(client, "resources/list", "resources"),
                await everything(client, "resources/templates/list", "resourceTemplates"),
                await everything(client, "prompts/list", "prompts"),
            ]
            self.assertEqual([len(entries) for entries in lists], [14, 0, 1])
            packed = [[pack(entry) for entry in entries] for entries in lists]
            self.assertEqual(hash_lists(packed), client.presences[-1]["offers"])

        rig.run(work, extras=(Shop,), max_total=1500)

    def test_what_nobody_offers_is_an_error_that_names_it(self):
        async def work(client):
            for method, params in (
                ("resources/read", {"uri": "shop://99"}), ("resources/read", {}), ("resources/read", {"uri": 5}),
                ("resources/read", {"uri": "device://sensors/"}), ("prompts/get", {"name": "none"}), ("prompts/get", {}),
                ("resources/list", {"cursor": "-1"}), ("resources/list", {"cursor": "99999"}),
            ):  # fmt: skip
                self.assertEqual((await client.error(method, params))["code"], -32602)
            self.assertEqual(await client.result("completion/complete", {}), {"completion": {"values": []}})

        rig.run(work, extras=(Shop,))

    def test_what_a_tool_says_while_it_works_goes_to_its_caller_before_the_answer(self):
        async def work(client):
            await client.send({"id": 7, "method": "tools/call", "params": {"name": "shop.count", "_meta": {"progressToken": 7}}})
            told, answer = await client.reply(), await client.reply()
            self.assertEqual(told, {"jsonrpc": "2.0", "method": "notifications/progress",
                                    "params": {"progressToken": 7, "progress": 1}})  # fmt: skip
            self.assertEqual((answer["id"], answer["result"]), (7, {"content": []}))

        rig.run(work, extras=(Shop,))
