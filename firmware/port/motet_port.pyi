# SPDX-License-Identifier: Apache-2.0
"""What the device core may ask of the board beneath it (MCU builds only)."""

from collections.abc import Buffer

from motet_native.frame import Link
from motet_native.store import Flash

board: str
"""Name of the board's folder, e.g. "stm32f405"."""
mcu: str
"""The part, e.g. "STM32F405RG"."""

def attach(link: Link | None) -> None:
    """Let the UART and tick interrupts feed and drain `link`; None gives the wire back to raw text.

    From then on printed lines travel as LOG frames. The port keeps the link alive.
    """

def cycles() -> int:
    """Processor clock cycles since boot; retired instructions on RISC-V. Monotonic.

    Under an emulator that counts instructions, `cycles() * 1e9 / cycles_hz()` is instructions on every board.
    """

def cycles_hz() -> int:
    """Rate of cycles(), in hertz."""

def instructions() -> int:
    """Instructions retired since boot; absent where the core does not count them (Cortex-M)."""

def uptime_us() -> int:
    """Microseconds since boot; monotonic, never wraps."""

def reset_reason() -> str:
    """Why the board started: "power_on", "external" (reset button or debugger), "reset" (machine.reset), "fault",
    "crash" (an exception left main), "interrupt" (Ctrl-C on the console), "watchdog" (the program hung), or what the hardware
    says: "watchdog", "brown_out"."""

def last_fault() -> str:
    """The fault line the previous run wrote before it restarted ("HARDFAULT pc=... lr=..."), or ""."""

def failed_starts() -> int:
    """How many starts in a row have ended in a fault, a crash or the watchdog; 0 after any other start.

    A run of 30 s ends the row. From three on, the port waits before it runs the program: 1 s, 2 s, 4 s, at most 32 s; a program
    may then leave out what could have made it fail.
    """

def watchdog(limit_ms: int) -> None:
    """Restart the board when the program takes longer than this from one wait to the next; 30000 unless told.

    Raises ValueError below 100.
    """

def epoch() -> int:
    """A number in 1..2**30 - 1 for Link(epoch=...), chosen anew at each call and boot."""

def flash() -> Flash | None:
    """The board's flash for motet_native.store.Store; None where it has none, or none that can be written."""

def seed(data: Buffer) -> None:
    """Stir bytes, such as the host's nonce, into os.urandom.

    os.urandom is fit for identifiers and jitter, never for keys: most boards have no hardware source, and the seed
    is known to whoever reads the wire.
    """

# Only where the chip's pins are known to the port.
def pins() -> int:
    """How many single pins there are; 0 on an emulator that shows none. 0 to 15 are those of port A, and so on."""

def pin_get(pin: int, make_input: bool) -> int:
    """1 or 0, the level; -1 for a pin that is not there or that the port needs."""

def pin_set(pin: int, level: bool) -> bool:
    """Makes it an output of this level; False as above."""
