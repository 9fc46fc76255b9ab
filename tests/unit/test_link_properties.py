# SPDX-License-Identifier: Apache-2.0
"""Two links under whatever course of events hypothesis finds: no message twice, out of order or lost within a session."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dual"))
from link_world import End, Line, World

SIDES = st.sampled_from("ab")
# A board may draw the same epoch at each start; both ends may even draw the same one.
EPOCHS = st.sampled_from([None, (5,), (5, 6), (7, 7, 8)])


class LinkMachine(RuleBasedStateMachine):
    """Bytes move only when a rule moves them; the lines may lose, damage and stall, but do not reorder or repeat."""

    @initialize(
        epochs=EPOCHS, options=st.fixed_dictionaries({"mtu": st.sampled_from([40, 512]), "window": st.sampled_from([1, 4])})
    )
    def start(self, epochs: tuple[int, ...] | None, options: dict[str, int]) -> None:
        self.world = World(1, options=options)
        if epochs is not None:
            # Only b is so poor, a keeps its random epochs: two ends without any entropy could not be told apart.
            drawn = list(epochs)
            self.world.b.epochs = lambda: drawn.pop(0) if len(drawn) > 1 else drawn[0]
            self.world.b.starts -= 1
            self.world.b.start()

    def end(self, side: str) -> End:
        end: End = getattr(self.world, side)
        return end

    def line_to(self, side: str) -> Line:
        line: Line = getattr(self.world, f"to_{side}")
        return line

    @rule(side=SIDES, length=st.integers(0, 28))
    def send(self, side: str, length: int) -> None:
        self.end(side).send(bytes(length))

    @rule(side=SIDES)
    def read(self, side: str) -> None:
        self.end(side).read()

    @rule(side=SIDES, room=st.integers(1, 40))
    def speak(self, side: str, room: int) -> None:
        """Some bytes, perhaps half a frame, go on the line."""
        end = self.end(side)
        data = end.link.output(end.clock + self.world.now, room)
        if data:
            self.line_to("b" if side == "a" else "a").put(data, self.world.now)

    @rule(side=SIDES)
    def hear(self, side: str) -> None:
        end = self.end(side)
        end.link.feed(self.line_to(side).get(self.world.now), end.clock + self.world.now)

    @rule(times=st.integers(1, 12))
    def talk(self, times: int) -> None:
        for _ in range(times):
            self.world.step(3)

    @rule(ms=st.sampled_from([1, 50, 200, 1000, 5000]))
    def wait(self, ms: int) -> None:
        self.world.now += ms

    @rule(side=SIDES)
    def lose(self, side: str) -> None:
        """What is on the line to this end never arrives."""
        self.line_to(side).under_way.clear()

    @rule(side=SIDES, at=st.integers(0, 4000), flip=st.integers(1, 255))
    def damage(self, side: str, at: int, flip: int) -> None:
        under_way = self.line_to(side).under_way
        if under_way:
            arrival, piece = under_way[at % len(under_way)]
            if piece:
                damaged = bytearray(piece)
                damaged[at % len(piece)] ^= flip
                under_way[at % len(under_way)] = (arrival, bytes(damaged))

    @rule(side=SIDES, junk=st.binary(max_size=30))
    def intrude(self, side: str, junk: bytes) -> None:
        self.line_to(side).put(junk, self.world.now)

    @rule(side=SIDES)
    def restart(self, side: str) -> None:
        self.end(side).start()

    @rule(side=SIDES)
    def probe(self, side: str) -> None:
        self.end(side).link.probe()

    @invariant()
    def delivers_in_order(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.run(self.world.idle, 300_000)
            self.world.a.send()
            self.world.b.send()
            self.world.run(self.world.idle)
            self.world.check()


TestLinks = LinkMachine.TestCase
TestLinks.settings = settings(
    max_examples=150, stateful_step_count=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
