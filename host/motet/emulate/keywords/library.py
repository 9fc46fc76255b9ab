# SPDX-License-Identifier: Apache-2.0
"""The Robot library with Renode's keywords: ``Library    motet.emulate.keywords.library.Renode``."""

from __future__ import annotations

import contextlib

from motet.emulate.keywords.emulation_keywords import EmulationKeywords
from motet.emulate.keywords.log_keywords import LogKeywords
from motet.emulate.keywords.renode_only import RenodeOnly
from motet.emulate.keywords.uart_keywords import UartKeywords


class Renode(UartKeywords, LogKeywords, EmulationKeywords, RenodeOnly):
    """Renode's keywords on the boards of this repository, in QEMU or another emulator, or attached to a serial port.

    Names, arguments and meaning are Renode's (1.16.1, src/Renode/RobotFrameworkEngine); every wait lasts the board's time.
    Stopping is less exact: QEMU stops a moment after the line that asked for it. What only Renode can do skips the test.
    """

    ROBOT_LIBRARY_SCOPE = "GLOBAL"

    def close(self) -> None:
        for path in self.log_files:
            with contextlib.suppress(OSError):
                self.save_cached_log(str(path))
        self.log_files.clear()
        for path in self.temporary:
            path.unlink(missing_ok=True)
        self.temporary.clear()
        super().close()


def keyword_names() -> dict[str, str]:
    """Robot's name of every keyword -> the method."""
    methods = (name for name in dir(Renode) if not name.startswith("_") and callable(getattr(Renode, name)))
    return {name.replace("_", " ").title().replace("Gui", "GUI"): name for name in methods if name not in ("close", "recorder")}
