# SPDX-License-Identifier: Apache-2.0
"""STM32: through an ST-LINK probe (st-flash) or the part's own USB boot loader (dfu-util). Both are programs of their own."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from motet.flashing import tool
from motet.flashing.errors import FlashError, Reason
from motet.flashing.method import Job, Report, Result, Step

_GET_ST = "install it with: sudo apt-get install stlink-tools"
_GET_DFU = "install it with: sudo apt-get install dfu-util"
_TIMEOUT_S = 60.0
_ERASE = re.compile(r"EraseFlash - (?:Sector|Page):?\s*0x([0-9a-f]+)|Flash page at", re.I)
_PERCENT = re.compile(r"^Download\s.*?(\d+)%")
_LOST = re.compile(r"LIBUSB_ERROR_(NO_DEVICE|IO|PIPE|TIMEOUT)|No device|disconnected|get_status|Lost device", re.I)


class StFlash:
    """[flashing] method = "st-flash". `port` is the serial number of the probe."""

    suffix = ".bin"

    def plan(self, job: Job) -> tuple[str, list[str]]:
        serial = self._probe(job)
        return serial, [" ".join(self._write(serial, address, path)) for address, path in job.named()]

    def flash(self, job: Job, report: Report) -> Result:
        report(Step("looking for the probe"))
        serial, written = self._probe(job), False
        with tempfile.TemporaryDirectory(prefix="motet-flash-") as folder:
            for address, path in job.files(Path(folder)):
                if job.force or self._read(serial, address, path.stat().st_size, path.with_suffix(".now")) != path.read_bytes():
                    self._flash(serial, address, path, report)
                    written = True
        return Result(serial, written, "read back through the probe")

    def _flash(self, serial: str, address: int, path: Path, report: Report) -> None:
        report(Step("writing"))
        code, output = tool.run(self._write(serial, address, path), lambda line: _tell(line, report))
        if code:
            raise _failure("st-flash", serial, output)
        if "verified" not in output.lower():
            raise FlashError(Reason.VERIFY, f"st-flash did not verify what it wrote: {tool.last_words(output)}")

    def _probe(self, job: Job) -> str:
        """Serial number of the probe whose chip is the board's."""
        code, output = tool.run([tool.find("st-info", _GET_ST), "--probe"], timeout=_TIMEOUT_S)
        serials, chips = re.findall(r"serial:\s*(\S+)", output), re.findall(r"chip-?id:\s*(0x[0-9a-f]+)", output, re.I)
        found = list(zip(serials, chips, strict=False))
        if code or not found:
            raise FlashError(Reason.PORT, f"no ST-LINK probe answers ({tool.last_words(output)}); is it plugged in?")
        listed = ", ".join(f"{serial} (chip {chip})" for serial, chip in found)
        if job.port and not (found := [one for one in found if one[0] == job.port]):
            raise FlashError(Reason.PORT, f"no probe has the serial number {job.port}; there are: {listed}")
        fitting: list[str] = [serial for serial, chip in found if int(chip, 16) == int(str(job.flashing.chip), 16)]
        if all(int(chip, 16) == 0 for _, chip in found):
            raise FlashError(Reason.SILENT, f"no chip answers the probe {listed}: is the board powered and wired?")
        if not fitting:
            raise FlashError(Reason.CHIP, f"another chip is at the probe: {listed}; {job.board.name} has {job.flashing.chip}")
        if len(fitting) > 1:
            raise FlashError(Reason.PORT, f"several probes have such a chip: {listed}; choose one with --port SERIAL")
        return fitting[0]

    def _write(self, serial: str, address: int, path: Path) -> list[str]:
        return [self._program(), "--serial", serial, "--reset", "write", str(path), hex(address)]

    def _read(self, serial: str, address: int, size: int, target: Path) -> bytes:
        code, _ = tool.run([self._program(), "--serial", serial, "read", str(target), hex(address), hex(size)], timeout=300)
        return target.read_bytes()[:size] if code == 0 and target.is_file() else b""

    @staticmethod
    def _program() -> str:
        return tool.find("st-flash", _GET_ST)


class Dfu:
    """[flashing] method = "dfu". `port` is the serial number of the part's boot loader."""

    suffix = ".bin"

    def plan(self, job: Job) -> tuple[str, list[str]]:
        serial = self._device(job)
        return serial, [" ".join(self._command(serial, f"{address:#010x}", "-D", str(path))) for address, path in job.named()]

    def flash(self, job: Job, report: Report) -> Result:
        report(Step("looking for a part in its boot loader"))
        serial, written = self._device(job), False
        with tempfile.TemporaryDirectory(prefix="motet-flash-") as folder:
            for address, path in job.files(Path(folder)):
                wanted = path.read_bytes()
                if job.force or self._upload(serial, address, len(wanted), path.with_suffix(".before")) != wanted:
                    self._flash(serial, address, path, wanted, report)
                    written = True
            # Started only now: a part that runs its program cannot be read back. dfu-util leaves after a transfer only.
            self._upload(serial, job.flashing.offset, 4, Path(folder) / "left.bin", ":leave")
        return Result(serial, written, "read back over USB")

    def _flash(self, serial: str, address: int, path: Path, wanted: bytes, report: Report) -> None:
        code, output = tool.run(self._command(serial, f"{address:#010x}", "-D", str(path)), lambda line: _tell(line, report))
        if code:
            raise _failure("dfu-util", serial, output)
        report(Step("verifying"))
        if self._upload(serial, address, len(wanted), path.with_suffix(".after")) != wanted:
            raise FlashError(Reason.VERIFY, "the flash does not hold what was written; flash again")

    def _device(self, job: Job) -> str:
        """Serial number of the boot loader whose flash is the board's: DFU tells nothing else of the chip."""
        _, output = tool.run([self._program(), "-l"], timeout=_TIMEOUT_S)
        found: list[tuple[str, str]] = re.findall(r'Found DFU:.*?alt=0, name="([^"]*)", serial="([^"]*)"', output)
        if not found:
            raise FlashError(Reason.PORT, "no part is in its DFU boot loader: set BOOT0 high and press RESET")
        listed = ", ".join(f"{serial} ({' '.join(name.split())})" for name, serial in found)
        if job.port and not (found := [one for one in found if one[1] == job.port]):
            raise FlashError(Reason.PORT, f"no boot loader has the serial number {job.port}; there are: {listed}")
        fitting = [serial for name, serial in found if "".join(str(job.flashing.dfu_layout).split()) in "".join(name.split())]
        if not fitting:
            raise FlashError(Reason.CHIP, f"another chip is there: {listed}; {job.board.name} has {job.flashing.dfu_layout}")
        if len(fitting) > 1:
            raise FlashError(Reason.PORT, f"several boards wait: {listed}; choose one with --port SERIAL")
        return fitting[0]

    def _command(self, serial: str, where: str, *what: str) -> list[str]:
        return [self._program(), "-S", serial, "-a", "0", "-s", where, *what]

    def _upload(self, serial: str, address: int, size: int, target: Path, how: str = "") -> bytes:
        code, _ = tool.run(self._command(serial, f"{address:#010x}{how}:{size}", "-U", str(target)), timeout=300)
        return target.read_bytes()[:size] if code == 0 and target.is_file() else b""

    @staticmethod
    def _program() -> str:
        return tool.find("dfu-util", _GET_DFU)


def _tell(line: str, report: Report) -> None:
    if percent := _PERCENT.match(line):
        report(Step("writing", int(percent[1]) / 100))
    elif _ERASE.search(line):
        report(Step("erasing"))
    elif "verification" in line.lower():
        report(Step("verifying"))


def _failure(program: str, port: str, output: str) -> FlashError:
    if re.search(r"verif\w* (of|fail)", output, re.I) and re.search(r"fail|mismatch", output, re.I):
        return FlashError(Reason.VERIFY, "the flash does not hold what was written; flash again")
    if _LOST.search(output) or _ERASE.search(output) or "Download" in output:
        return FlashError(Reason.LOST, f"the connection to {port} broke while writing ({tool.last_words(output)}); flash again")
    return FlashError(Reason.FAILED, f"{program} failed: {tool.last_words(output)}")
