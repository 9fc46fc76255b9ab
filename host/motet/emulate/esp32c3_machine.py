# SPDX-License-Identifier: Apache-2.0
"""The emulated ESP32-C3 as a motet.emulate.Machine."""

import sys
from importlib.util import find_spec

from motet.emulate.machine import EmulatorError
from motet.emulate.runner import Runner


class Esp32c3(Runner):
    """Runs python -m motet.emulate.esp32c3."""

    flash_base = 0
    flash_size = 4 << 20

    def _need(self) -> None:
        if find_spec("unicorn") is None:
            raise EmulatorError(
                f"{self.board.name} is emulated with unicorn, which is missing; install it with: pip install 'motet[emulate]'"
            )

    def _command(self, control: int, uarts: dict[int, int]) -> list[str]:
        command = [sys.executable, "-m", "motet.emulate.esp32c3", str(self.flash_image), "--control", str(control)]
        for number, listener in uarts.items():
            command += ["--uart", f"{number}:{listener}"]
        if self._icount and self.board.emulate is not None and self.board.emulate.icount_shift is not None:
            command += ["--shift", str(self.board.emulate.icount_shift)]
        return [*command, "--seed", str(self._power_on_noise)]
