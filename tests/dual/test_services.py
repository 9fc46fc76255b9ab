# SPDX-License-Identifier: Apache-2.0
"""The parts of the services by themselves: state, agenda, ticks, supervision."""

import asyncio
import unittest

import rig
from motet_native import store
from served_guest import artifact

from motet_core.errors import InvalidParams, NoMemory, ToolError
from motet_core.kv import Values
from motet_core.services.agenda import Agenda
from motet_core.services.schedule import CATCH_UP, SKIP, Entry
from motet_core.services.state import State
from motet_core.services.supervision import Supervision


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
            self.assertEqual((row["state"], row["quarantined"]), ("failed", True))
            self.assertIn("quarantined: 1 failures", row["reason"])
            await client.install("component", "svc", artifact(revision=2), revision=2)
            self.assertEqual((await client.tool("svc.count"))["structuredContent"], {"result": 100})

        for work in (fails, after):
            rig.run(work, flash=flash)


if __name__ == "__main__":
    unittest.main()
