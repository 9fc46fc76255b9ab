# SPDX-License-Identifier: Apache-2.0
"""Line coverage of a firmware's C code, without a changed firmware.

QEMU translates code when it is about to run for the first time, and can log what it translates. With one instruction per
translation (-singlestep) that log names exactly the instructions that ran, each once: megabytes where the log of every
executed instruction would be gigabytes. DWARF tells which line each belongs to.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

_LOGS = "executed-*.log"
# Path of a source file -> line -> whether an instruction of it ran.
Lines = Mapping[Path, Mapping[int, bool]]


class CoverageError(Exception):
    """No coverage can be told; the message says why."""


@dataclass
class Coverage:
    """`lines` of the source files that were asked for, which ran and which did not."""

    lines: dict[Path, dict[int, bool]] = field(default_factory=dict)

    def add(self, other: Lines) -> None:
        """A line counts as run when it ran anywhere."""
        for path, lines in other.items():
            mine = self.lines.setdefault(path, {})
            for number, ran in lines.items():
                mine[number] = mine.get(number, False) or ran

    @property
    def total(self) -> int:
        return sum(len(lines) for lines in self.lines.values())

    @property
    def ran(self) -> int:
        return sum(sum(lines.values()) for lines in self.lines.values())

    @property
    def percent(self) -> float:
        return 100 * self.ran / self.total if self.total else 0.0

    def lcov(self, root: Path) -> str:
        """The same as a trace file for lcov, genhtml and editors."""
        text = []
        for path in sorted(self.lines):
            lines = self.lines[path]
            text += ["TN:", f"SF:{root / path}", *(f"DA:{number},{int(ran)}" for number, ran in sorted(lines.items()))]
            text += [f"LF:{len(lines)}", f"LH:{sum(lines.values())}", "end_of_record"]
        return "\n".join([*text, ""])


def arguments(folder: Path) -> tuple[str, ...]:
    """What QEMU is told so that `executed(folder)` knows afterwards what ran; each QEMU process writes a file of its own."""
    return ("-singlestep", "-d", "in_asm", "-D", str(folder / _LOGS.replace("*", "%d")))


def executed(folder: Path) -> set[int]:
    """Addresses of the instructions that ran. Raises CoverageError when there is no log of any."""
    found: set[int] = set()
    for log in sorted(folder.glob(_LOGS)):
        with log.open("rb") as lines:
            found.update(int(line[2 : line.index(b":")], 16) for line in lines if line.startswith(b"0x") and b":" in line)
    if not found:
        raise CoverageError("QEMU logged no instruction: nothing ran, or it was built without a disassembler")
    return found


def of(elf: Path, addresses: Iterable[int], folder: Path) -> Coverage:
    """The lines of the C files below `folder` (as paths relative to it) that `elf` holds, and which of them ran.

    Raises CoverageError when `elf` is no ELF file or has no line numbers.
    """
    ran, coverage = sorted(addresses), Coverage()
    try:
        with elf.open("rb") as file:
            for path, line, start, end in _spans(ELFFile(file), folder.resolve()):
                at = bisect.bisect_left(ran, start)
                hit = at < len(ran) and ran[at] < end
                coverage.add({path: {line: hit}})
    except (OSError, ELFError, DWARFError) as error:
        raise CoverageError(f"{elf}: {error}") from error
    if not coverage.lines:
        raise CoverageError(f"{elf} has no line numbers of files below {folder}")
    return coverage


def _spans(elf: Any, folder: Path) -> Iterator[tuple[Path, int, int, int]]:
    """Every stretch of code that comes from one line: file below `folder`, line, first address, address behind it."""
    if not elf.has_dwarf_info():
        return
    code = [
        (section["sh_addr"], section["sh_addr"] + section["sh_size"])
        for section in elf.iter_sections()
        if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and section["sh_size"]
    ]
    dwarf = elf.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        base = _text(unit.get_top_DIE().attributes.get("DW_AT_comp_dir"))
        program = dwarf.line_program_for_CU(unit)
        if program is None or not (files := _files(program, base, folder)):
            continue
        for file, line, start, end in _rows(program):
            # Functions that the linker left out lie at address 0, outside of every section.
            if file in files and any(low <= start < high for low, high in code):
                yield files[file], line, start, end


def _rows(program: Any) -> Iterator[tuple[int, int, int, int]]:
    before = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and before.line and before.address < state.address:
            yield before.file, before.line, before.address, state.address
        before = None if state.end_sequence else state


def _files(program: Any, base: str, folder: Path) -> dict[int, Path]:
    """Numbers of the files of a line program that lie below `folder`. They count from 1 before DWARF 5, from 0 since."""
    header = program.header
    first = 0 if header["version"] >= 5 else 1
    folders = [_decoded(one) for one in header["include_directory"]]
    found = {}
    for number, entry in enumerate(header["file_entry"], first):
        index = entry["dir_index"] - first
        own = base if index < 0 else folders[index] if index < len(folders) else ""
        path = _below(Path(os.path.normpath(Path(base, own, _decoded(entry["name"])))), folder)
        if path is not None and path.suffix == ".c":
            found[number] = path
    return found


def _below(path: Path, folder: Path) -> Path | None:
    """`path` relative to `folder`. An image that was compiled elsewhere (another machine, a compiler's cache) has its paths
    below a folder of the same name."""
    if path.is_relative_to(folder):
        return path.relative_to(folder)
    for parent in path.parents:
        if parent.name == folder.name and (folder / path.relative_to(parent)).is_file():
            return path.relative_to(parent)
    return None


def _text(attribute: Any) -> str:
    return _decoded(attribute.value) if attribute is not None else ""


def _decoded(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
