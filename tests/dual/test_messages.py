# SPDX-License-Identifier: Apache-2.0
"""Messages on one device, and what leaves it for the gateway: order, bounds, circles, failures, requests."""

import asyncio
import unittest

from motet_core.errors import Busy, InvalidParams, NoMemory, NotFound, Refused, ToolError
from motet_core.services.agenda import Agenda
from motet_core.services.messages import MAX_HOPS, MAX_SUBSCRIPTIONS, Messages
from motet_core.services.uplink import Uplink


class Clock:
    def __init__(self):
        self.now = 1000

    def __call__(self):
        return self.now


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
        payer = self.targets["a"]
        self.messages.publish("a", "t/1", b"x", payer)
        self.assertEqual([len(self.targets[name].got) for name in "abc"], [0, 1, 1])
        self.assertEqual(self.messages.call("a", "b", b"y", payer), b"ok")
        self.assertEqual(payer.paid, 9)
        # One that has not begun yet, or has ended, is not the one of its name.
        del self.targets["a"]
        self.messages.send("a", "b", b"z", payer)
        self.assertEqual(payer.paid, 12)

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

    def test_requests_that_were_answered_leave_nothing_behind(self):
        for _ in range(100):
            self.messages.request("a", "b", b"q", 60000)
            self.work_off()
        self.assertIs(self.agenda.wait_ms(), None)

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


if __name__ == "__main__":
    unittest.main()
