# SPDX-License-Identifier: Apache-2.0
"""Figures of a board that are measured from outside, by the names that budgets.toml gives them."""

import time

from client import Client
from wire import Wire

from motet.emulate import Emulator

# Payload of the longest message of a link with an MTU of 512, less the command in front.
MESSAGE = 500
IDLE_SECONDS = 2.0


def boot(emulator: Emulator) -> dict[str, int]:
    """Instructions from power-on until server/discover is answered, what the board does while it waits for the host included.

    The emulator is off before and running afterwards.
    """
    emulator.start(paused=True)
    with Wire(emulator.port) as wire:
        emulator.resume()
        Client(wire).call("server/discover")
        executed = emulator.instructions()
    assert executed is not None
    return {"boot_instructions": executed}


def idle(emulator: Emulator, wire: Wire, seconds: float = IDLE_SECONDS) -> dict[str, float]:
    """What the board does with the link up and nobody calling.

    idle_percent is the share of the board's time without an executed instruction, with one taking icount_shift's nanoseconds;
    idle_instructions_per_s, of the board's time, tells what a slower part would need.
    """
    assert emulator.board.emulate and emulator.board.emulate.icount_shift is not None
    before = _counters(emulator)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        wire.turn()
    executed, elapsed_ns = (now - then for now, then in zip(_counters(emulator), before, strict=True))
    busy_ns = executed << emulator.board.emulate.icount_shift
    return {
        "idle_percent": round(100 * (1 - busy_ns / elapsed_ns), 3),
        "idle_instructions_per_s": round(executed * 1e9 / elapsed_ns),
    }


def _counters(emulator: Emulator) -> tuple[int, int]:
    executed, now_ns = emulator.instructions(), emulator.virtual_ns()
    assert executed is not None and now_ns is not None
    return executed, now_ns


def link(wire: Wire, megabytes: float = 0.125, rounds: int = 3) -> dict[str, float]:
    """Throughput of the echo board's UART, bare and under the framed link, in both directions, in the same run.

    link_efficiency is payload by bytes on the wire in per cent, of the worse direction: what the framing leaves of a line's
    bandwidth. The KiB/s are this machine's, reported and nothing more: an emulated UART has no line rate of its own. link_to_raw
    compares the same bytes sent to the board and back, under the link and bare. The best of `rounds` counts: a host that is busy
    with something else makes either end repeat frames.
    """
    count = int(megabytes * 2**20 / MESSAGE)
    found = [_inward(wire, count) | _outward(wire, count) for _ in range(rounds)]
    best = {name: max(one[name] for one in found) for name in found[0]}
    efficiency = min(best.pop("efficiency_in"), best.pop("efficiency_out"))
    figures = {"link_efficiency": round(efficiency, 2), **{name: round(value, 1) for name, value in best.items()}}
    return figures | {"link_to_raw": round(_there_and_back(best, "link") / _there_and_back(best, "raw"), 3)}


def _there_and_back(speeds: dict[str, float], what: str) -> float:
    return 1 / (1 / speeds[f"{what}_in_kib_s"] + 1 / speeds[f"{what}_out_kib_s"])


def _inward(wire: Wire, count: int) -> dict[str, float]:
    total = count * MESSAGE
    start = time.monotonic()
    # Bytes that make no frame take the UART's way into the board and end there.
    wire.socket.sendall(b"\xff" * total + b"\0")
    assert wire.ask(b"edone") == b"done"
    raw, start, sent = time.monotonic() - start, time.monotonic(), wire.sent
    for _ in range(count):
        wire.send(b"s" + bytes(MESSAGE))
    assert wire.ask(b"edone") == b"done"
    return {
        "raw_in_kib_s": total / 1024 / raw,
        "link_in_kib_s": total / 1024 / (time.monotonic() - start),
        "efficiency_in": 100 * total / (wire.sent - sent),
    }


def _outward(wire: Wire, count: int) -> dict[str, float]:
    total = count * MESSAGE
    before, start = len(wire.text), time.monotonic()
    wire.send(b"o%d" % count)
    wire.until(lambda: len(wire.text) - before >= total and wire.text.endswith(b"|\r\n"), "raw bytes")
    raw = time.monotonic() - start
    assert wire.ask(b"edone") == b"done"
    start, received, messages = time.monotonic(), len(wire.raw), len(wire.messages)
    wire.send(b"g%d" % count)
    wire.until(lambda: len(wire.messages) - messages == count, "messages")
    return {
        "raw_out_kib_s": total / 1024 / raw,
        "link_out_kib_s": total / 1024 / (time.monotonic() - start),
        "efficiency_out": 100 * total / (len(wire.raw) - received),
    }
