# SPDX-License-Identifier: Apache-2.0
"""What a runner tells the keyword library in its process; the defaults serve a plain `robot` command."""

from __future__ import annotations

from dataclasses import dataclass

from motet.emulate.keywords.watch import Watch


@dataclass
class Settings:
    """``attached``: pyserial URL of a real board that takes the emulator's place. ``arguments``: more for QEMU's command line.

    ``timeout_factor`` stretches every time-out; ``watch`` hears every UART and may stop the test.
    """

    attached: str | None = None
    baud: int = 115200
    arguments: tuple[str, ...] = ()
    timeout_factor: float = 1.0
    watch: Watch | None = None


current = Settings()
