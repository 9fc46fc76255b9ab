# SPDX-License-Identifier: Apache-2.0
"""Components with services on a whole device: their life, messages, ticks, steps and failures."""

import asyncio
import unittest

from rig import run
from served_guest import artifact

from motet_core.errors import Denied, Later, ToolError


def text(result):
    return result["content"][0]["text"]


async def count(rig, name="svc"):
    return (await rig.tool(name + ".count"))["structuredContent"]["result"]


async def rows(rig):
    return {row["name"]: row for row in (await rig.result("artifact.list"))["artifacts"]}


class LifeTest(unittest.TestCase):
    def test_init_runs_before_the_first_call(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            self.assertEqual(await count(rig), 100)

        run(work)

    def test_one_that_does_not_begin_leaves_the_one_before_in_its_place(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            for exports in (["bad", None, None], ["init", "bad", None], ["crash", None, None], ["spin", None, None]):
                error = await rig.install("component", "svc", artifact(revision=2, lifecycle=exports), revision=2)
                self.assertIn("svc: ", error["message"])
            self.assertEqual((await rows(rig))["svc"]["revision"], 1)
            self.assertEqual(await count(rig), 100)

        run(work)

    def test_a_shutdown_that_never_ends_does_not_hold_up_its_removal(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            await rig.tool("svc.behave", mode=6)
            await rig.result("artifact.remove", {"kind": "component", "name": "svc"})
            self.assertEqual(await rows(rig), {})

        run(work)


class GrantTest(unittest.TestCase):
    def test_what_has_been_subscribed_to_ends_with_the_grant(self):
        class Ended:
            good = False

            def check_now(self, device):
                raise Denied("the grant has ended", "expired")

        async def work(rig):
            await rig.install("component", "svc", artifact())
            component = rig.device.artifacts.components.get("svc")
            component._grant = Ended()
            with self.assertRaises(Denied):
                component.handle(("topic", "d/x", None, None, b""))
            self.assertFalse(component.busy)
            component.handle(("", "d/x", None, None, b""))

        run(work)


class PlainTest(unittest.TestCase):
    def test_a_device_whose_components_need_no_services_makes_none(self):
        async def work(rig):
            self.assertEqual(await rig.result("message.subscriptions"), {})
            for method in ("message.deliver", "message.wanted", "schedule.list", "schedule.switch"):
                self.assertEqual((await rig.error(method))["code"], -32055)
            self.assertIs(rig.device.desk.made, None)

        run(work)

    def test_the_presence_record_says_when_a_component_first_takes_part_in_messages(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            self.assertEqual({record["messages"] for record in rig.presences}, {0})
            # As a component's first publication does.
            self.assertEqual(rig.device.services.messages.subscriptions(), [])
            before = rig.presences[-1]["sequence"]
            while not rig.presences[-1]["messages"]:
                await rig.result("message.subscriptions")
            self.assertEqual((rig.presences[-1]["sequence"], rig.presences[-1]["nonce"]), (before + 1, rig.presences[0]["nonce"]))

        run(work)


class StepsTest(unittest.TestCase):
    def test_a_call_goes_on_in_steps_and_others_have_their_turn(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            await rig.send({"id": "r77", "method": "tools/call", "params": {"name": "svc.work", "arguments": {"n": 50}}})
            await rig.send({"id": "r78", "method": "tools/call", "params": {"name": "svc.count", "arguments": {}}})
            self.assertEqual((await rig.reply())["id"], "r78")
            answer = await rig.reply()
            self.assertEqual((answer["id"], answer["result"]["structuredContent"]), ("r77", {"result": 50}))

        run(work)

    def test_progress_is_told_to_who_asked_for_it(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            meta = {"progressToken": "t"}
            await rig.send(
                {"id": "r5", "method": "tools/call", "params": {"name": "svc.work", "arguments": {"n": 3}, "_meta": meta}}
            )
            told = await rig.reply()
            self.assertEqual(told["method"], "notifications/progress")
            self.assertEqual(told["params"], {"progressToken": "t", "progress": 1, "total": 3})
            self.assertEqual((await rig.reply())["id"], "r5")

        run(work)

    def test_progress_that_finds_no_room_does_not_keep_the_tool_busy(self):
        async def full(request, method, params):
            raise MemoryError

        async def work(rig):
            await rig.install("component", "svc", artifact())
            rig.device.rpc.tell = full
            params = {"name": "svc.work", "arguments": {"n": 3}, "_meta": {"progressToken": "t"}}
            for _ in range(2):
                self.assertEqual((await rig.result("tools/call", params))["structuredContent"], {"result": 3})

        run(work)

    def test_after_a_restart_nobody_gets_what_another_one_has_begun(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            component = rig.device.artifacts.components.get("svc")
            works = []
            for n in (5, 7):
                try:
                    component.call("svc.work", {"n": n})
                except Later as later:
                    works.append(later.work)
                if n == 5:
                    # As after a trap in another call.
                    component.close()
            with self.assertRaises(ToolError):
                component.step("svc.work", works[0])
            component.give_up("svc.work", works[0])
            for _ in range(20):
                progress, result = component.step("svc.work", works[1])
                if progress is None:
                    break
            self.assertEqual(result[0], {"result": 7})

        run(work)

    def test_a_second_call_of_the_tool_is_refused_meanwhile(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            await rig.send({"id": "r1", "method": "tools/call", "params": {"name": "svc.work", "arguments": {"n": 30}}})
            await rig.send({"id": "r2", "method": "tools/call", "params": {"name": "svc.work", "arguments": {"n": 3}}})
            refused = await rig.reply()
            self.assertEqual((refused["id"], refused["result"]["_meta"]), ("r2", {"motet/error": "busy"}))
            self.assertEqual((await rig.reply())["id"], "r1")

        run(work)

    def test_a_cancellation_ends_the_work(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            await rig.send({"id": "r9", "method": "tools/call", "params": {"name": "svc.work", "arguments": {"n": 1000000}}})
            self.assertEqual(await count(rig), 100)
            await rig.send({"method": "notifications/cancelled", "params": {"requestId": "r9"}})
            answer = {"isError": True}
            while answer["isError"]:
                # A cancellation between two steps ends the work, one within a step the instance.
                answer = await rig.tool("svc.work", n=1)
                self.assertIn(answer.get("_meta"), ({"motet/error": "busy"}, None))
            self.assertEqual(answer["structuredContent"], {"result": 1})

        run(work)

    def test_work_whose_component_traps_or_is_replaced_ends_with_an_error(self):
        async def work(rig):
            await rig.install("component", "svc", artifact(supervision=None))
            for mode, kind in ((2, "trap"), (3, "out_of_fuel")):
                await rig.tool("svc.behave", mode=mode)
                answer = await rig.tool("svc.work", n=5)
                self.assertEqual(answer["_meta"], {"motet/error": kind})
            await rig.send({"id": "long", "method": "tools/call", "params": {"name": "svc.work", "arguments": {"n": 1000000}}})
            params = {"kind": "component", "name": "svc"}
            await rig.send({"id": "gone", "method": "artifact.remove", "params": params})
            answers = {}
            while len(answers) < 2:
                answer = await rig.reply()
                answers[answer["id"]] = answer["result"]
            self.assertEqual(answers["long"]["_meta"], {"motet/error": "failed"})

        run(work)

    def test_a_request_that_expires_ends_its_work(self):
        async def work(rig):
            await rig.install("component", "svc", artifact())
            params = {"name": "svc.work", "arguments": {"n": 100000000}}
            await rig.send({"id": "r3", "method": "tools/call", "params": params}, expires_s=1)
            self.assertEqual((await rig.reply())["error"]["code"], -32051)
            self.assertEqual(await count(rig), 7)

        run(work)


class SupervisionTest(unittest.TestCase):
    def test_a_component_that_fails_pauses_then_works_again(self):
        async def work(rig):
            await rig.install("component", "svc", artifact(supervision=[3, 60000, 200, 0]))
            await rig.tool("svc.behave", mode=3)
            self.assertEqual((await rig.tool("svc.work", n=1))["_meta"], {"motet/error": "out_of_fuel"})
            self.assertEqual((await rig.tool("svc.count"))["_meta"], {"motet/error": "restarting"})
            while True:
                answer = await rig.tool("svc.count")
                if not answer["isError"]:
                    break
            self.assertEqual(answer["structuredContent"], {"result": 100})
            row = (await rows(rig))["svc"]
            self.assertEqual((row["state"], row["failures"], row["restarts"]), ("ready", 1, 1))
            self.assertIn("out of fuel", row["last_error"])

        run(work)

    def test_one_that_fails_too_often_is_quarantined_until_it_is_installed_anew(self):
        async def work(rig):
            await rig.install("component", "svc", artifact(supervision=[0, 60000, 10, 0]))
            await rig.install("component", "calm", artifact("calm"))
            await rig.tool("svc.behave", mode=3)
            await rig.tool("svc.work", n=1)
            while (await rows(rig))["svc"]["state"] == "ready":
                pass
            self.assertIn("quarantined: 1 failures within 60 s", (await rows(rig))["svc"]["reason"])
            self.assertEqual((await rig.error("tools/call", {"name": "svc.count"}))["code"], -32602)
            self.assertEqual(await count(rig, "calm"), 100)
            await rig.install("component", "svc", artifact(revision=2), revision=2)
            self.assertEqual(await count(rig), 100)

        run(work)

    def test_a_component_that_is_not_healthy_is_started_again(self):
        async def work(rig):
            await rig.install("component", "svc", artifact(supervision=[9, 60000, 1, 10]))
            for mode in (1, 5):
                wanted = (await rows(rig))["svc"]["failures"] + 1
                await rig.tool("svc.behave", mode=mode)
                while (await rows(rig))["svc"]["restarts"] < wanted:
                    await asyncio.sleep(0)
            self.assertEqual(await count(rig), 100)

        run(work)


class TicksTest(unittest.TestCase):
    def test_a_function_runs_by_the_clock_until_it_is_switched_off(self):
        async def work(rig):
            await rig.install("component", "svc", artifact(schedule=[["tick", 10, 0]]))
            while await count(rig) < 103:
                await asyncio.sleep(0)
            switch = {"component": "svc", "function": "tick", "on": False}
            self.assertEqual((await rig.result("schedule.switch", switch))["active"], False)
            before = await count(rig)
            runs = (await rig.result("schedule.list"))["schedule"][0]["runs"]
            self.assertEqual(runs, before - 100)
            await rig.result("schedule.switch", {"component": "svc", "function": "tick", "on": True})
            while await count(rig) == before:
                await asyncio.sleep(0)
            self.assertEqual((await rig.error("schedule.switch", {"component": "svc", "function": "x"}))["code"], -32055)

        run(work)

    def test_a_tick_that_never_ends_costs_its_fuel_and_ends_in_quarantine(self):
        async def work(rig):
            settings = [2, 60000, 1, 0]
            await rig.install("component", "svc", artifact(schedule=[["tick", 10, 0]], supervision=settings))
            await rig.tool("svc.behave", mode=3)
            await rig.install("component", "calm", artifact("calm"))
            while (await rows(rig))["svc"]["state"] == "ready":
                # Each start forgets how it is to behave.
                await rig.request("tools/call", {"name": "svc.behave", "arguments": {"mode": 3}})
                self.assertEqual(await count(rig, "calm"), 100)
            self.assertEqual((await rig.result("schedule.list"))["schedule"], [])

        run(work)


if __name__ == "__main__":
    unittest.main()
