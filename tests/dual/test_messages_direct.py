# SPDX-License-Identifier: Apache-2.0
"""Messages that go from guest to guest: they have the same results and leave the same behind as those that go over values, and
whatever is not as it was when the way was found sends them back to that way."""

import unittest

from peer_guest import CALL_BACK, ECHO, NOBODY, REFUSE, SPIN, TEXT, TRAP, A, World, grant

FOX = b"The quick brown fox jumps over the lazy dog"
HUGE = 0xFFFFFFFF


class SameTest(unittest.TestCase):
    """The same steps in two worlds, of which one has no direct way."""

    def same(self, steps, **options):
        worlds = [World(direct, **options) for direct in (True, False)]
        found = []
        for world in worlds:
            rows = []
            for step in steps:
                rows.append((step(world), world.state()))
            found.append(rows)
        for number, (direct, other) in enumerate(zip(*found)):
            self.assertEqual(direct, other, (number, direct, other))
        self.assertTrue(worlds[0].slow < worlds[1].slow or worlds[0].messages.counters["delivered"] == 0)
        return found[0]

    def behaving(self, called, mode, **options):
        """A message before, two while one of them behaves so, and one after."""
        begun = [World.raw, World.raw, lambda world: world.behave(called, mode), World.raw, World.raw]
        return self.same(begun + [lambda world: world.behave(called, ECHO), World.raw, World.raw], **options)

    def test_answers_arrive_and_fuel_and_counters_are_the_same(self):
        rows = self.same([World.raw] * 3 + [lambda world: world.raw(data=(640, 0)), lambda world: world.raw(data=(0, 1024))])
        self.assertEqual([row[0] for row in rows[:4]], [FOX, FOX, FOX, b""])
        self.assertEqual(len(rows[4][0]), 1024)

    def test_a_handler_that_refuses_traps_or_spins(self):
        for mode, word in ((REFUSE, "unavailable"), (TRAP, "unavailable"), (SPIN, None)):
            rows = self.behaving("b", mode)
            self.assertEqual(rows[0][0], FOX)
            if word is not None:
                self.assertEqual(rows[3][0], word)

    def test_answers_that_point_to_nowhere_or_are_none(self):
        for mode in (4, 5, 6, 7, 8, 9):
            rows = self.behaving("b", mode)
            self.assertEqual(rows[3][0], "unavailable", mode)
            self.assertEqual(rows[-1][0], FOX, mode)

    def test_empty_and_long_answers(self):
        self.assertEqual(self.behaving("b", 17)[3][0], b"")
        # More than the sender's realloc has: that is the end of the sender's call.
        self.assertEqual(self.behaving("b", 18)[3][0][0], "trap")
        self.assertEqual(self.behaving("b", 19)[3][0], b"a")

    def test_an_answer_that_is_longer_than_the_senders_memory(self):
        def roomy(world):
            world.load("b", 2, memory=65536)

        rows = self.same([roomy, World.raw, World.raw, lambda world: world.behave("b", 20), World.raw, World.raw])
        self.assertEqual(rows[4][0], ("failed", "a.raw: an import failed: val: is longer than the component's memory"))

    def test_a_receiver_whose_realloc_traps_lies_or_grows(self):
        for mode in (10, 11):
            self.assertEqual(self.behaving("b", mode)[3][0], "unavailable")
        self.behaving("b", 12)
        # With room to grow, memory moves between the parts of a message.
        for mode in (12, 13):
            self.assertEqual(self.behaving("b", mode, memory=10 * 65536)[3][0], FOX)

    def test_a_sender_whose_realloc_traps_lies_or_grows(self):
        for mode in (10, 11):
            self.assertEqual(self.behaving("a", mode)[3][0][0], "trap")
        self.assertEqual(self.behaving("a", 12, memory=10 * 65536)[3][0], FOX)

    def test_a_post_return_that_traps_takes_the_answer_back(self):
        for world in (World(), World(direct=False)):
            self.assertEqual([world.raw(), world.raw()], [FOX, FOX])
            world.behave("b", 14)
            self.assertEqual(world.raw(), "unavailable")
            self.assertEqual((world.get("b").counters["traps"], world.messages.counters["failed"]), (1, 1))
            self.assertEqual(world.raw(), FOX)

    def test_a_post_return_that_spins_takes_all_the_fuel(self):
        for world in (World(), World(direct=False)):
            self.assertEqual([world.raw(), world.raw()], [FOX, FOX])
            world.behave("b", 16)
            self.assertEqual(world.raw(), "unavailable")
            self.assertEqual(world.get("a")._instance.fuel, 0)
            self.assertEqual((world.get("b").counters["fuel_stops"], world.messages.counters["failed"]), (1, 1))
            self.assertEqual(world.raw(), FOX)

    def test_a_circle_is_refused(self):
        rows = self.behaving("b", CALL_BACK)
        # The sender is busy.
        self.assertEqual(rows[3][0][:1] + rows[3][0][4:], b"\1\7")
        # Who sends to itself is busy, too.
        self.assertEqual(self.same([World.raw, World.raw, lambda world: world.raw(A)])[2][0], "busy")

    def test_addresses_that_make_no_sense(self):
        for to in ((HUGE, 1), (608, HUGE), (65536, 0), (65536, 1), (65537, 0), (0, 0), (528, 2), (0, 65)):
            self.same([World.raw, World.raw, lambda world, to=to: world.raw(to), World.raw])
        for data in ((HUGE, 1), (640, HUGE), (65536, 0), (65535, 2), (65537, 0), (0, 1025), (0, 65536)):
            self.same([World.raw, World.raw, lambda world, data=data: world.raw(data=data), World.raw])
        for result in (HUGE, 129, 65536, 65532, 65524):
            self.same([World.raw, World.raw, lambda world, result=result: world.raw(result=result), World.raw])

    def test_fuel_that_ends_in_the_middle(self):
        for fuel in range(1, 26):
            self.same([World.raw, World.raw, World.raw, World.raw], fuel=fuel)


class RouteTest(unittest.TestCase):
    """Each of the things that decide about a message is changed after the way was found."""

    def setUp(self):
        self.world = World()
        self.assertEqual(self.world.raw(), FOX)
        self.direct()

    def direct(self, world=None):
        world = world or self.world
        before = world.slow
        self.assertEqual(world.raw(), FOX)
        self.assertEqual(world.slow, before, "the message went over values")

    def test_nothing_but_the_first_message_goes_over_values(self):
        for _ in range(20):
            self.direct()
        self.assertEqual(self.world.slow, 1)
        self.assertEqual(self.world.messages.counters["delivered"], 22)
        self.assertEqual(self.world.get("b").counters["calls"], 22)

    def test_a_grant_that_no_longer_covers_it(self):
        self.world.components.renew("a", grant("a", ("c",)))
        self.assertEqual(self.world.raw(), "denied")
        self.assertEqual(self.world.get("a").counters["denials"], 1)
        self.world.components.renew("a", grant("a", ("b",)))
        self.assertEqual(self.world.raw(), FOX)
        self.direct()

    def test_a_grant_that_ends(self):
        self.world.device.clock = 1_000_000_000_000
        self.world.components.renew("a", grant("a", until=2_000_000_000))
        self.assertEqual(self.world.raw(), FOX)
        self.direct()
        self.world.device.clock = 3_000_000_000_000
        self.assertEqual(self.world.raw(), "expired")
        self.world.device.clock = None
        self.assertEqual(self.world.raw(), "expired")
        self.world.device.clock = 1_000_000_000_000
        self.direct()

    def test_a_grant_for_another_device(self):
        fresh = grant("a")
        fresh.device = "other"
        self.world.components.renew("a", fresh)
        self.assertEqual(self.world.raw(), "denied")

    def test_a_rate_counts_every_message(self):
        world = World()
        world.components.renew("a", grant("a", rate=3))
        self.assertEqual([world.raw() for _ in range(5)], [FOX] * 3 + ["limited"] * 2)
        self.assertEqual((world.slow, world.get("a").counters["denials"]), (1, 2))

    def test_a_receiver_that_is_replaced_or_removed(self):
        before = self.world.get("b")
        self.world.load("b", 2)
        self.assertEqual(self.world.raw(), FOX)
        self.assertEqual((before.counters["calls"], self.world.get("b").counters["calls"]), (2, 1))
        self.direct()
        before = self.world.get("b")
        self.world.components.remove("b")
        # The way to it is still there, but nothing large at its end.
        self.assertEqual((before.artifact.module, before._imports), (None, None))
        self.assertEqual(self.world.raw(), "not-found")
        self.world.load("b", 3)
        self.assertEqual(self.world.raw(), FOX)
        self.direct()

    def test_a_receiver_that_is_no_longer_the_one_of_its_name(self):
        kept = self.world.components._components
        kept["b"] = kept["a"]
        self.assertEqual(self.world.raw(), "busy")

    def test_a_receiver_that_is_busy_or_closed(self):
        self.world.get("b").busy = True
        self.assertEqual(self.world.raw(), "busy")
        self.world.get("b").busy = False
        self.world.get("b").close()
        # As ever, a message starts it again.
        self.assertEqual(self.world.raw(), FOX)
        self.direct()

    def test_a_sender_that_starts_again(self):
        self.world.behave("a", 10)
        self.assertEqual(self.world.raw()[0], "trap")
        self.assertEqual(self.world.raw(), FOX)
        self.direct()

    def test_messages_that_are_too_deep_or_went_too_far(self):
        messages = self.world.messages
        messages.depth = 2
        self.assertEqual(self.world.raw(), "busy")
        messages.depth, messages.hops = 1, 16
        self.assertEqual(self.world.raw(), "denied")
        messages.hops = 15
        self.direct()
        self.assertEqual((messages.depth, messages.hops), (1, 15))

    def test_more_receivers_than_there_is_room_for(self):
        names = ["c", "d", "e", "f", "g"]
        for called in names:
            self.world.load(called)
        sender = self.world.get("a")
        for called in names + ["b"] + names:
            sender._instance.write(608, called.encode())
            for _ in range(2):
                self.assertEqual(self.world.raw(), FOX)
        self.assertEqual([self.world.get(called).counters["calls"] for called in names], [4] * 5)

    def test_who_is_not_there(self):
        self.assertEqual(self.world.raw(NOBODY), "not-found")
        self.assertEqual(self.world.raw((608, 1), TEXT), FOX)

    def test_who_removes_the_receiver_while_it_runs_is_told_and_the_message_ends(self):
        world = self.world
        world.behave("b", CALL_BACK)
        world.get("b")._imports.renew(grant("b", ("zzz",)))
        removed = []

        def tell(*arguments):
            removed.append(True)
            try:
                world.components.remove("b")
            except Exception as error:
                removed.append(str(error))

        world.device.outbox.tell = tell
        self.assertEqual(world.raw()[:1], b"\1")
        self.assertEqual(removed, [True, "the instance is running"])
        self.assertEqual(world.raw(), "not-found")


class FirstMessageTest(unittest.TestCase):
    """The message after which a way is looked for."""

    def test_a_receiver_that_is_removed_while_it_answers_has_answered_all_the_same(self):
        for direct in (True, False):
            world = World(direct)
            world.behave("b", CALL_BACK)
            world.get("b")._imports.renew(grant("b", ("zzz",)))

            def tell(*arguments, kept=world.components._components):
                kept.pop("b", None)

            world.device.outbox.tell = tell
            self.assertEqual(world.raw()[:1], b"\1", direct)
            self.assertEqual(world.raw(), "not-found")


class GuardTest(unittest.TestCase):
    def test_what_is_no_handler_has_no_route(self):
        world = World()
        instance = world.get("a")._instance
        guard = world.get("a")._imports._capabilities["motet:device/messaging"]._guard
        rest = (1000, None, [], world.messages, lambda error: None, (1024, 2, 16))
        for wrong in (None, "handler", instance, world.get("a").artifact.calls["a.raw"].function):
            self.assertFalse(guard.route("b", "a", world.get("b"), wrong, *rest))
        for wrong in ((1, 2), (1, 2, "3"), 5):
            with self.assertRaises((TypeError, ValueError)):
                guard.route("b", "a", world.get("b"), world.get("b").handler, *(rest[:-1] + (wrong,)))

    def test_a_handler_that_raises_what_is_no_failure_ends_the_senders_call_with_it(self):
        class Gone(BaseException):
            pass

        world = World()
        self.assertEqual(world.raw(), FOX)
        world.behave("b", CALL_BACK)

        def gone(*arguments):
            raise Gone()

        world.device.outbox.tell = gone
        world.get("b")._imports.renew(grant("b", ("zzz",)))
        with self.assertRaises(Gone):
            world.raw()
        self.assertEqual((world.messages.depth, world.messages.hops, world.get("b").busy), (0, 0, False))


if __name__ == "__main__":
    unittest.main()
