# SPDX-License-Identifier: Apache-2.0
"""Espressif's chips, through esptool: a program of its own under the GPL, which is run and never imported.

The chip's own ROM loader does the work (no flasher program is loaded into it): what tests exercise is what users run.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from motet.flashing import ports, tool
from motet.flashing.errors import FlashError, Reason
from motet.flashing.method import Job, Report, Result, Step

_GET = "install it with: pip install 'motet[flash]' (or: pip install 'esptool>=5,<6')"
_VERSION = re.compile(r"v?(\d+)\.\d+")
_PROGRESS = re.compile(r"^Writing at 0x[0-9a-f]+ .*?([0-9.]+)%")
_BAUD = 460_800
_REASONS = (
    (Reason.CHIP, re.compile(r"This chip is (?P<chip>[\w-]+), not", re.I), "another chip is at {port}: {chip}, not {wanted}"),
    (Reason.PORT, re.compile(r"port is busy|Resource busy|Could not exclusively lock", re.I),
     "{port} is in use; stop what has it open (motet bridge, a terminal)"),
    (Reason.PORT, re.compile(r"Could not open", re.I), "{port} cannot be opened: {last}"),
    (Reason.SILENT, re.compile(r"Failed to connect|No serial data received", re.I),
     "nothing answers at {port}: hold BOOT, press RESET, release BOOT, and try again (or another port)"),
    (Reason.VERIFY, re.compile(r"MD5 of file does not match|Verification failed|verify failed", re.I),
     "the flash does not hold what was written; try again, and replace the cable or the part if it stays so"),
    (Reason.IMAGE, re.compile(r"will not fit in", re.I), "the image does not fit into the chip's flash"),
)  # fmt: skip
_LOST = re.compile(r"serial exception|Lost connection|Input/output error|stopped responding|disconnected|Timed out", re.I)


class Esptool:
    """[flashing] method = "esptool"."""

    suffix = ".bin"

    def plan(self, job: Job) -> tuple[str, list[str]]:
        port = self._port(job)
        return port, [" ".join(self._command(job, port, job.named()))]

    def flash(self, job: Job, report: Report) -> Result:
        port = self._port(job)
        report(Step(f"connecting to {port}"))
        with tempfile.TemporaryDirectory(prefix="motet-flash-") as folder:
            command = self._command(job, port, job.files(Path(folder)))
            code, output = tool.run(command, lambda line: _tell(line, report))
        if code:
            raise _failure(job, port, output)
        there, verified = output.count("already in flash"), output.count("Hash of data verified")
        if there + verified < len(job.image.parts):
            raise FlashError(Reason.VERIFY, f"esptool did not verify what it wrote: {tool.last_words(output)}")
        return Result(port, verified > 0, "MD5 of the flash, computed by the chip")

    def _port(self, job: Job) -> str:
        port = job.port or ports.find(job.board.name, job.flashing.usb)
        ports.check(port)
        return port

    def _command(self, job: Job, port: str, files: list[tuple[int, Path]]) -> list[str]:
        program = tool.find("esptool", _GET)
        _check_version(program)
        resets = [] if ports.has_modem_lines(port) else ["--before", "no-reset", "--after", "no-reset"]
        connect = ["--chip", str(job.flashing.chip), "--port", port, "--baud", str(job.baud or _BAUD), "--no-stub", *resets]
        pairs = [word for address, path in files for word in (hex(address), str(path))]
        return [program, *connect, "write-flash", "--compress", *([] if job.force else ["--skip-flashed"]), *pairs]


def _check_version(program: str) -> None:
    code, output = tool.run([program, "version"], timeout=60)
    found = _VERSION.search(output)
    if code or found is None or int(found[1]) < 5:
        raise FlashError(Reason.TOOL, f"{program} is too old or broken ({tool.last_words(output)}); {_GET}")


def _tell(line: str, report: Report) -> None:
    if progress := _PROGRESS.match(line):
        report(Step("writing", min(float(progress[1]) / 100, 1.0)))
    elif line.startswith(("Connected to", "Chip type", "Comparing", "Erasing", "Verifying")):
        report(Step(line.strip(" .:").lower()))


def _failure(job: Job, port: str, output: str) -> FlashError:
    writing = _PROGRESS.search(output) or re.search(r"^Erasing flash", output, re.M)
    for reason, pattern, text in _REASONS:
        found = pattern.search(output)
        if found and not (writing and reason in (Reason.PORT, Reason.SILENT)):
            chip = found.groupdict().get("chip", "")
            message = text.format(port=port, chip=chip, wanted=job.flashing.chip, last=_error(output))
            return FlashError(reason, message)
    if writing or _LOST.search(output):
        return FlashError(Reason.LOST, f"the connection to {port} broke while writing; plug it in and flash again")
    return FlashError(Reason.FAILED, f"esptool failed: {_error(output)}")


def _error(output: str) -> str:
    found = re.search(r"error occurred: (.*)", output)
    return found[1] if found else tool.last_words(output)
