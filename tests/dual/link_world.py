# SPDX-License-Identifier: Apache-2.0
"""Two Links joined by lines that lose, damage, repeat, reorder and delay bytes, under a clock of their own.

Runs on CPython and MicroPython with the same random numbers, so that a seed names one course of events on both.
"""

import math

from motet_native import frame

CHANNEL = 2


class Random:
    """xorshift32."""

    def __init__(self, seed):
        self.state = (seed * 2654435761 + 1) & 0xFFFFFFFF or 1

    def word(self):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x

    def below(self, limit):
        return self.word() % limit

    def chance(self, probability):
        return self.word() < probability * 4294967296

    def bytes(self, length):
        return bytes([self.word() & 255 for _ in range(length)])


class Line:
    """One direction. Rates are probabilities: `bit_error` per bit, the others per piece.

    A piece is a frame with its zero, or, when `pieces` is a number, up to that many bytes.
    """

    def __init__(self, random, latency=1, pieces=None, bit_error=0, **rates):
        self.random = random
        self.latency = latency
        self.pieces = pieces
        self.bit_error = bit_error
        self.rates = rates
        self.under_way = []  # (time of arrival, bytes) in order of arrival
        self.stalled_until = 0
        self.until_error = self._next_error()

    def _next_error(self):
        if not self.bit_error:
            return None
        return int(math.log((self.random.word() + 1) / 4294967297) / math.log(1 - self.bit_error))

    def happens(self, what):
        return self.random.chance(self.rates.get(what, 0))

    def _split(self, data):
        if self.pieces is None:
            parts = data.split(b"\0")
            return [part + b"\0" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
        parts = []
        while data:
            length = 1 + self.random.below(self.pieces)
            parts.append(data[:length])
            data = data[length:]
        return parts

    def _damaged(self, piece):
        if self.until_error is None:
            return piece
        piece = bytearray(piece)
        while self.until_error < 8 * len(piece):
            piece[self.until_error >> 3] ^= 1 << (self.until_error & 7)
            self.until_error += 1 + self._next_error()
        self.until_error -= 8 * len(piece)
        return bytes(piece)

    def _suffered(self, piece):
        if self.happens("drop"):
            return b""
        if self.happens("cut"):
            piece = piece[: self.random.below(len(piece))]
        if self.happens("burst"):
            piece = self.random.bytes(len(piece))
        if self.happens("repeat"):
            piece = piece + piece
        return self._damaged(piece)

    def put(self, data, now):
        for piece in self._split(data):
            if self.happens("stall"):
                self.stalled_until = now + self.random.below(1000)
            arrival = max(now, self.stalled_until) + self.latency
            self.under_way.append((arrival, self._suffered(piece)))
            if len(self.under_way) > 1 and self.happens("reorder"):
                self.under_way[-1], self.under_way[-2] = (arrival, self.under_way[-2][1]), (arrival, self.under_way[-1][1])

    def get(self, now):
        arrived = b""
        while self.under_way and self.under_way[0][0] <= now:
            arrived += self.under_way.pop(0)[1]
        return arrived

    def next_arrival(self):
        return self.under_way[0][0] if self.under_way else None


class End:
    """A Link with a program above it that numbers what it sends and checks what it receives."""

    def __init__(self, name, epochs, clock, **options):
        self.name = name
        self.clock = clock  # what this end's clock shows when that of the world shows 0
        self.epochs = epochs  # called for the epoch of each start
        self.options = options
        self.starts = 0
        self.sent = {}  # session -> how many messages were accepted
        self.received = {}  # session -> [(session of the sender, number)]
        self.start()

    def start(self):
        self.starts += 1
        self.link = frame.Link(epoch=self.epochs(), **self.options)

    def session(self):
        return (self.starts, self.link.resets)

    def send(self, padding=b""):
        session = self.session()
        number = self.sent.get(session, 0)
        accepted = self.link.send(CHANNEL, b"%d %d %d " % (session[0], session[1], number) + padding)
        if accepted:
            self.sent[session] = number + 1
        return accepted

    def read(self):
        session = self.session()
        message = self.link.recv()
        if message is None:
            return False
        words = message[1].split(b" ")
        item = ((int(words[0]), int(words[1])), int(words[2]))
        self.received.setdefault(session, []).append(item)
        return True

    def read_all(self):
        while self.read():
            pass


def check_delivery(sender, receiver):
    """Each session of the receiver saw the beginning of one session of the sender, complete and in order; no two the same."""
    origins = []
    for session, items in receiver.received.items():
        origin = items[0][0]
        assert origin not in origins, (sender.name, "delivered in two sessions", origin)
        origins.append(origin)
        expected = [(origin, number) for number in range(len(items))]
        assert items == expected, (sender.name, session, items[:20])
        assert len(items) <= sender.sent.get(origin, 0)


class World:
    def __init__(self, seed=1, latency=1, now=0, epochs=None, options=None, **line):
        self.random = Random(seed)
        self.now = now
        self.line = dict(line, latency=latency)
        draw = epochs or (lambda: self.random.word() or 1)
        self.a = End("a", draw, 0, **(options or {}))
        self.b = End("b", draw, 123456789, **(options or {}))
        self.connect()

    def connect(self):
        """Lines with nothing on them."""
        self.to_a = Line(self.random, **self.line)
        self.to_b = Line(self.random, **self.line)

    def calm(self):
        """From now on nothing bad happens on the lines; what is on them stays."""
        for line in (self.to_a, self.to_b):
            line.rates = {}
            line.until_error = None

    def exchange(self):
        """Both ends hear what has arrived and say what they have to say, until they have nothing more."""
        for end, hears, says in ((self.a, self.to_a, self.to_b), (self.b, self.to_b, self.to_a)):
            now = end.clock + self.now
            end.link.feed(hears.get(self.now), now)
            data = end.link.output(now)
            while data:
                says.put(data, self.now)
                data = end.link.output(now)

    def wait(self):
        """Milliseconds until something happens by itself."""
        waits = [end.link.timer(end.clock + self.now) for end in (self.a, self.b)]
        for line in (self.to_a, self.to_b):
            arrival = line.next_arrival()
            if arrival is not None:
                waits.append(arrival - self.now)
        return max(1, min(waits))

    def step(self, limit_ms=10000):
        self.now += min(limit_ms, self.wait())
        self.exchange()

    def run(self, until, limit_ms=60000):
        """Steps until `until()` is true; AssertionError when that takes longer than the limit."""
        end = self.now + limit_ms
        while not until():
            assert self.now < end, "nothing came of it in %d ms" % limit_ms
            self.step()

    def receive(self, end):
        """The next message that arrives at this end."""
        got = []
        self.run(lambda: got.append(end.link.recv()) or got[-1] is not None)
        return got[-1]

    def established(self):
        return self.a.link.established and self.b.link.established

    def establish(self):
        self.run(self.established)

    def check(self):
        check_delivery(self.a, self.b)
        check_delivery(self.b, self.a)

    def idle(self):
        """Both established, and everything that was sent in the present sessions was received."""
        self.a.read_all()
        self.b.read_all()
        if not self.established():
            return False
        for sender, receiver in ((self.a, self.b), (self.b, self.a)):
            items = receiver.received.get(receiver.session(), ())
            if len(items) != sender.sent.get(sender.session(), 0):
                return False
        return not self.to_a.under_way and not self.to_b.under_way
