# SPDX-License-Identifier: Apache-2.0
"""Either end may start anew at any byte: the other one notices, and a new session begins with nothing of the old one."""

import unittest

from link_world import Line, Random, World


class Slow:
    """Carries an exchange one byte at a time, alternating between the ends."""

    def __init__(self, world, on_byte):
        self.world = world
        self.on_byte = on_byte
        self.bytes = 0

    def run(self, done):
        world = self.world
        for _ in range(20000):
            if done():
                return
            quiet = True
            for end, other in ((world.a, world.b), (world.b, world.a)):
                data = end.link.output(end.clock + world.now, 1)
                if data:
                    quiet = False
                    other.link.feed(data, other.clock + world.now)
                    self.bytes += 1
                    self.on_byte(self.bytes)
            world.a.read_all()
            world.b.read_all()
            if quiet:
                world.now += world.wait()
        raise AssertionError("nothing came of it")


def exchange(restarting, at, epochs=None):
    """An exchange of messages in both directions, in which one end starts anew at the given byte. Returns the world."""
    world = World(3, epochs=epochs)
    end = {"a": world.a, "b": world.b}.get(restarting)
    slow = Slow(world, lambda count: end and count == at and end.start())
    slow.run(world.established)
    for number in range(3):
        world.a.send(bytes(number * 7))
        world.b.send(bytes(20))
    slow.run(world.idle)
    # Whatever happened: a session stands, and it carries.
    slow.run(lambda: world.a.send() and world.b.send())
    slow.run(world.idle)
    world.check()
    return world, slow.bytes


class EveryByteTest(unittest.TestCase):
    def restart_everywhere(self, restarting, epochs=None):
        world, total = exchange(None, 0, epochs and epochs())
        self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))
        noticed = 0
        for at in range(1, total + 1):
            world, _ = exchange(restarting, at, epochs and epochs())
            other = world.b if restarting == "a" else world.a
            noticed += other.link.resets > 0
        self.assertGreater(noticed, total // 2)

    def test_of_an_exchange_may_be_the_one_at_which_an_end_restarts(self):
        self.restart_everywhere("a")

    def test_of_an_exchange_may_be_the_one_at_which_the_other_end_restarts(self):
        self.restart_everywhere("b")

    def test_even_when_the_restarted_end_has_the_same_epoch_each_time(self):
        def constant():
            drawn = iter([11] + [22] * 99)
            return lambda: next(drawn)

        self.restart_everywhere("b", constant)


class RestartTest(unittest.TestCase):
    def setUp(self):
        self.world = World(1)
        self.world.establish()

    def test_is_reported_once_to_the_end_that_survived(self):
        self.world.b.start()
        self.world.run(lambda: self.world.a.link.resets)
        self.world.establish()
        self.world.now += 100000
        self.world.step()
        self.assertEqual((self.world.a.link.resets, self.world.b.link.resets), (1, 0))

    def test_is_noticed_within_milliseconds_on_a_clean_line(self):
        before = self.world.now
        self.world.b.start()
        self.world.run(lambda: self.world.a.link.resets)
        self.world.establish()
        self.assertLess(self.world.now - before, 20)

    def test_drops_messages_that_were_on_their_way(self):
        for _ in range(3):
            self.world.a.send()
        self.world.b.start()
        self.world.run(lambda: self.world.a.link.resets)
        self.world.establish()
        self.assertEqual(self.world.a.link.room(), 4)
        self.world.a.send()
        self.world.run(self.world.idle)
        self.assertEqual(self.world.b.received, {(2, 0): [((1, 1), 0)]})

    def test_drops_messages_that_were_not_yet_read(self):
        self.world.b.send()
        self.world.run(lambda: self.world.wait() > 100)
        self.world.b.start()
        self.world.run(lambda: self.world.a.link.resets)
        self.assertIsNone(self.world.a.link.recv())

    def test_is_noticed_when_it_happens_during_the_handshake(self):
        for steps in range(12):
            world = World(steps, latency=3)
            for _ in range(steps):
                world.step(1)
            world.b.start()
            world.establish()
            world.a.send()
            world.b.send()
            world.run(world.idle)
            world.check()

    def test_of_both_ends_at_once_is_a_new_beginning(self):
        self.world.a.send()
        self.world.a.start()
        self.world.b.start()
        self.world.establish()
        self.assertEqual((self.world.a.link.resets, self.world.b.link.resets), (0, 0))
        self.assertIsNone(self.world.b.link.recv())

    def test_over_and_over_never_confuses_sessions(self):
        random = Random(77)
        rates = {"drop": 0.05, "repeat": 0.05, "reorder": 0.05, "stall": 0.02, "bit_error": 1e-4}
        for seed in range(6):
            for pieces in (None, 30):
                world = World(seed, pieces=pieces, **rates)
                for _ in range(1000):
                    for end in (world.a, world.b):
                        if random.chance(0.3):
                            end.send(bytes(random.below(60)))
                        if random.chance(0.6):
                            end.read_all()
                        if random.chance(0.005):
                            end.start()
                    world.step(1 + random.below(20))
                world.calm()
                world.run(world.idle)
                world.check()

    def test_with_a_constant_epoch_is_noticed_too(self):
        self.world.b.epochs = lambda: 99
        for starts in range(1, 6):
            before = self.world.a.link.resets
            self.world.b.start()
            self.world.run(lambda before=before: self.world.a.link.resets > before)
            self.world.establish()
            self.world.b.send()
            self.world.a.send()
            self.world.run(self.world.idle)
            self.assertEqual(self.world.a.link.resets, starts)
        self.world.check()


class HalfOpenTest(unittest.TestCase):
    def part(self):
        """A world whose ends are established, but b with somebody else."""
        world = World(2)
        world.establish()
        world.run(lambda: world.wait() > 100)
        world.b.start()
        stranger = World(8).a
        for _ in range(50):
            stranger.link.feed(world.b.link.output(world.b.clock + world.now), world.now)
            world.b.link.feed(stranger.link.output(world.now), world.b.clock + world.now)
        self.assertTrue(world.established())
        return world

    def reunite(self, world):
        world.run(lambda: world.a.link.resets and world.b.link.resets)
        world.establish()
        world.a.send()
        world.run(world.idle)
        self.assertEqual((world.a.link.resets, world.b.link.resets), (1, 1))

    def test_end_finds_out_when_it_speaks(self):
        world = self.part()
        world.a.send()
        self.reunite(world)

    def test_end_finds_out_when_it_hears_noise(self):
        world = self.part()
        world.to_a.put(b"noise\0", world.now)
        self.reunite(world)

    def test_end_finds_out_when_it_is_probed(self):
        world = self.part()
        world.a.link.probe()
        self.reunite(world)

    def test_peers_that_fell_silent_are_served_again_when_the_line_returns(self):
        world = World(2)
        world.establish()
        world.a.send()
        world.to_b.rates = {"drop": 1.0}
        world.run(lambda: world.now > 30000)
        world.to_b.rates = {}
        world.run(world.idle)
        self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))

    def test_old_handshakes_played_back_do_not_end_a_session(self):
        world = World(4)
        recorded = []
        put = world.to_a.put
        world.to_a.put = lambda data, now: (recorded.append(data), put(data, now))
        world.establish()
        world.b.start()
        world.run(lambda: world.a.link.resets)
        world.establish()
        world.to_a = Line(world.random)
        for data in recorded:
            world.to_a.put(data, world.now)
            world.run(lambda: world.wait() > 100)
        self.assertLessEqual(world.a.link.resets, 2)
        world.establish()
        world.a.send()
        world.run(world.idle)
        world.check()
