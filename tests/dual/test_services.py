# SPDX-License-Identifier: Apache-2.0
"""The parts of the services by themselves: state, agenda, ticks, supervision, messages and what leaves for the gateway."""

import asyncio
import unittest

import rig
from motet_native import store
from served_guest import artifact

from motet_core.errors import Busy, InvalidParams, NoMemory, NotFound, Refused, ToolError
from motet_core.kv import Values
from motet_core.services.agenda import Agenda
from motet_core.services.messages import MAX_HOPS, MAX_SUBSCRIPTIONS, Messages
from motet_core.services.schedule import CATCH_UP, SKIP, Entry
from motet_core.services.state import State
from motet_core.services.supervision import Supervision
from motet_core.services.uplink import Uplink


class Clock:
    def __init__(self):
        self.now = 1000

    def __call__(self):
        return self.now


class Storage:
    def __init__(self, values=None):
        self.values = values or Values()


class StateTest(unittest.TestCase):
    def test_a_quota_counts_keys_and_values_of_one_component(self):
        state = State(Storage())
        state.set("a", "key", b"12345", 8)
        for key, value in (("key", b"123456"), ("k", b"")):
            with self.assertRaises(NoMemory):
                state.set("a", key, value, 8)
        state.set("b", "key", b"12345", 8)
        state.set("a", "key", b"", 8)
        state.set("a", "four", b"", 8)
        self.assertEqual((state.usage("a"), state.keys("a"), state.keys("a", "f")), (7, ["four", "key"], ["four"]))
        self.assertEqual((state.delete("a", "key"), state.delete("a", "key"), state.usage("a")), (True, False, 4))
        self.assertEqual((state.get("a", "key"), state.get("b", "key")), (None, b"12345"))

    def test_what_is_no_key_or_too_long_is_refused(self):
        state = State(Storage())
        for key in ("", "k" * 65, None, 5, b"k"):
            for work in (lambda key=key: state.get("a", key), lambda key=key: state.set("a", key, b"", 99)):
                with self.assertRaises(InvalidParams):
                    work()
        with self.assertRaises(InvalidParams):
            state.set("a", "k", bytes(1025), 9999)

    def test_usage_is_counted_anew_after_a_start(self):
        flash = store.Flash(log=(4, 2048), slots=(2, 4096))
        State(Storage(Values(store.Store(flash, "b")))).set("a", "key", b"12", 50)
        again = State(Storage(Values(store.Store(flash, "b"))))
        self.assertEqual(again.usage("a"), 5)
        with self.assertRaises(NoMemory):
            again.set("a", "more", b"", 8)


class AgendaTest(unittest.TestCase):
    def test_work_comes_when_it_is_due_the_first_put_down_first(self):
        clock = Clock()
        agenda = Agenda(clock)
        agenda.at(1020, "a", "late")
        agenda.at(1010, "a", "one")
        agenda.at(1010, "b", "two")
        self.assertEqual((agenda.take(), agenda.wait_ms()), (None, 10))
        clock.now = 1030
        self.assertEqual([agenda.take() for _ in range(4)], ["one", "two", "late", None])
        self.assertEqual(agenda.wait_ms(), None)
        agenda.soon("a", "x")
        agenda.forget("a")
        self.assertEqual(agenda.take(), None)


class TicksTest(unittest.TestCase):
    def entry(self, policy, *trigger):
        async def call(export, *arguments):
            self.runs.append(arguments)
            if self.failing:
                raise ToolError("no")

        self.runs, self.failing, self.value = [], False, 0
        return Entry("c", ["tick", 100, policy] + list(trigger), 1000, call, lambda sensor: self.value)

    def test_ticks_keep_to_their_multiples(self):
        entry = self.entry(SKIP)
        for now, due in ((1100, 1200), (1290, 1300), (1300, 1400), (1755, 1800)):
            asyncio.run(entry.tick(now))
            self.assertEqual(entry.due, due)
        self.assertEqual((entry.runs, entry.missed), (4, 3))

    def test_some_of_what_was_missed_is_caught_up_with(self):
        entry = self.entry(CATCH_UP)
        while entry.due <= 3150:
            asyncio.run(entry.tick(3150))
        self.assertEqual((entry.runs, entry.missed, entry.due), (9, 12, 3200))

    def test_a_function_that_fails_is_counted_and_goes_on(self):
        entry = self.entry(SKIP)
        self.failing = True
        for now in (1100, 1200):
            asyncio.run(entry.tick(now))
        self.assertEqual((entry.runs, entry.errors), (2, 2))

    def test_a_threshold_is_passed_once_until_the_reading_came_back(self):
        for above, values in ((True, (1, 11, 12, 9.5, 11, 8.9, 11)), (False, (19, 9, 8, 10.5, 9, 11.1, 9))):
            entry, counts = self.entry(SKIP, "s", 10, 1, above), []
            for self.value in values:
                asyncio.run(entry.tick(entry.due))
                counts.append(entry.runs)
            self.assertEqual(counts, [0, 1, 1, 1, 1, 1, 2])


class SupervisionTest(unittest.TestCase):
    def test_pauses_double_and_the_budget_ends_in_quarantine(self):
        clock = Clock()
        one = Supervision("c", 3, 1000, 10, clock)
        self.assertEqual([one.failed("why") for _ in range(3)], [10, 20, 40])
        with self.assertRaises(ToolError) as caught:
            one.check()
        self.assertEqual(caught.exception.kind, "restarting")
        clock.now += 40
        one.check()
        self.assertEqual(one.failed("last"), None)
        with self.assertRaises(ToolError) as caught:
            one.check()
        self.assertEqual((caught.exception.kind, one.about()["quarantined"], one.failures), ("quarantined", True, 4))

    def test_failures_of_long_ago_are_forgiven(self):
        clock = Clock()
        one = Supervision("c", 1, 1000, 10, clock)
        for _ in range(5):
            self.assertEqual(one.failed("why"), 10)
            clock.now += 1000


class Target:
    """A component as Messages sees it."""

    takes_messages, used = True, 3

    def __init__(self, answer):
        self.busy, self.got, self.answer, self.paid = False, [], answer, 0

    def handle(self, message):
        self.got.append(message)
        self.busy = True
        try:
            return self.answer(message)
        finally:
            self.busy = False

    def pay(self, units):
        self.paid += units


class MessagesTest(unittest.TestCase):
    def setUp(self):
        self.clock, self.left, self.room = Clock(), [], True
        self.agenda, self.targets = Agenda(self.clock), {}
        self.uplink = Uplink(self.put, self.clock)
        self.messages = Messages(self.targets.get, self.agenda, self.run_now, self.uplink, self.clock)
        for name in "abc":
            self.targets[name] = Target(lambda message: b"ok")

    def put(self, method, params):
        self.left.append((method, params))
        return self.room

    async def run_now(self, work):
        return work()

    def work_off(self):
        async def all_of_it():
            work = self.agenda.take()
            while work is not None:
                await work()
                work = self.agenda.take()

        asyncio.run(all_of_it())

    def test_a_sender_pays_for_what_it_causes(self):
        self.messages.subscribe("b", "t/+")
        self.messages.subscribe("b", "#")
        self.messages.subscribe("c", "t/#")
        self.messages.publish("a", "t/1", b"x")
        self.assertEqual([len(self.targets[name].got) for name in "abc"], [0, 1, 1])
        self.assertEqual(self.messages.call("a", "b", b"y"), b"ok")
        self.assertEqual(self.targets["a"].paid, 9)

    def test_a_component_that_is_at_work_gets_it_later_and_only_so_much(self):
        target = self.targets["b"]
        target.busy = True
        for number in range(8):
            self.messages.send("a", "b", bytes([number]))
        with self.assertRaises(NoMemory):
            self.messages.send("a", "b", b"more")
        with self.assertRaises(Busy):
            self.messages.call("a", "b", b"now")
        target.busy = False
        # What waits comes first.
        with self.assertRaises(NoMemory):
            self.messages.send("a", "b", b"more")
        self.work_off()
        self.assertEqual([message[4] for message in target.got], [bytes([number]) for number in range(8)])
        self.assertEqual(self.messages.counters["dropped"], 2)
        self.messages.send("a", "b", b"again")
        self.assertEqual(target.got[-1][4], b"again")

    def test_messages_in_a_circle_end(self):
        self.targets["a"].answer = lambda message: self.messages.send("a", "b", b"") or b""
        self.targets["b"].answer = lambda message: self.messages.send("b", "a", b"") or b""
        self.targets["b"].answer = lambda message: self.again()
        self.messages.send("c", "a", b"")
        self.work_off()
        self.assertEqual(self.messages.counters["looped"], 1)
        self.assertEqual(len(self.targets["a"].got) + len(self.targets["b"].got), MAX_HOPS + 1)

    def again(self):
        self.messages.send("b", "a", b"")
        return b""

    def test_a_handler_that_fails_ends_no_call_but_one_that_waits_for_its_answer(self):
        def broken(message):
            raise ToolError("it broke", "trap")

        self.targets["b"].answer = broken
        self.messages.send("a", "b", b"")
        with self.assertRaises(Refused):
            self.messages.call("a", "b", b"")
        number = self.messages.request("a", "b", b"", 50)
        self.work_off()
        self.assertEqual(self.targets["a"].got, [("", "b", number, "it broke", b"")])

    def test_requests_end_once(self):
        number = self.messages.request("a", "b", b"q", 50)
        self.work_off()
        self.clock.now += 60
        self.work_off()
        self.assertEqual(self.targets["a"].got, [("", "b", number, None, b"ok")])
        late = self.messages.request("a", "d1/x", b"q", 50)
        self.clock.now += 60
        self.work_off()
        self.assertEqual(self.targets["a"].got[-1], ("", "d1/x", late, "timeout", b""))
        for _ in range(8):
            self.messages.request("a", "d1/x", b"q", 50)
        with self.assertRaises(NoMemory):
            self.messages.request("a", "d1/x", b"q", 50)

    def test_bad_names_topics_and_sizes_are_refused(self):
        for work, kind in (
            (lambda: self.messages.send("a", "nobody", b""), NotFound),
            (lambda: self.messages.send("a", "x/y/z", b""), InvalidParams),
            (lambda: self.messages.send("a", "", b""), InvalidParams),
            (lambda: self.messages.send("a", "b", bytes(1025)), InvalidParams),
            (lambda: self.messages.call("a", "b", bytes(1025)), InvalidParams),
            (lambda: self.messages.call("a", "d1/x", b""), NotFound),
            (lambda: self.messages.publish("a", "t/+", b""), InvalidParams),
            (lambda: self.messages.subscribe("a", "t//x"), InvalidParams),
            (lambda: self.messages.request("a", "b", b"", 60001), InvalidParams),
        ):
            with self.assertRaises(kind):
                work()

    def test_subscriptions_are_few_and_end_with_their_component(self):
        for number in range(MAX_SUBSCRIPTIONS):
            self.messages.subscribe("a", "t/%d" % number)
            self.messages.subscribe("a", "t/%d" % number)
        with self.assertRaises(NoMemory):
            self.messages.subscribe("a", "more")
        self.assertEqual((self.messages.unsubscribe("a", "t/3"), self.messages.unsubscribe("a", "t/3")), (True, False))
        self.assertEqual(len(self.messages.forget("a")), MAX_SUBSCRIPTIONS - 1)
        self.assertEqual(self.messages.subscriptions(), [])

    def test_what_leaves_for_the_gateway_has_a_rate_and_room(self):
        for _ in range(20):
            self.messages.send("a", "d1/x", b"")
        with self.assertRaises(Busy):
            self.messages.send("a", "d1/x", b"")
        # Others have a rate of their own.
        self.messages.send("b", "d1/x", b"")
        self.clock.now += 100
        self.messages.send("a", "d1/x", b"")
        self.room = False
        with self.assertRaises(NoMemory):
            self.messages.send("a", "d1/x", b"")
        self.assertEqual(self.uplink.counters, {"sent": 22, "limited": 1, "full": 1})
        self.assertEqual(self.left[0], ("motet/message", {"to": "d1/x", "data": b"", "hops": 0, "sender": "a"}))


class QuarantineTest(unittest.TestCase):
    def test_a_quarantine_outlives_a_restart(self):
        flash = store.Flash(log=(4, 2048), slots=(4, 4096))

        async def fails(client):
            await client.install("component", "svc", artifact(supervision=[0, 60000, 10, 0]))
            await client.tool("svc.behave", mode=3)
            await client.tool("svc.work", n=1)
            while (await client.result("artifact.list"))["artifacts"][0]["state"] == "ready":
                pass

        async def after(client):
            row = (await client.result("artifact.list"))["artifacts"][0]
            self.assertEqual(row["state"], "failed")
            self.assertIn("quarantined: 1 failures", row["reason"])
            await client.install("component", "svc", artifact(revision=2), revision=2)
            self.assertEqual((await client.tool("svc.count"))["structuredContent"], {"result": 100})

        for work in (fails, after):
            rig.run(work, flash=flash)


if __name__ == "__main__":
    unittest.main()
