# SPDX-License-Identifier: Apache-2.0
"""Boards as data: the schema of ``boards/<board>/board.toml`` and its loader.

Everything board specific that is not in the board's linker script or its ``soc_*.c`` stands in that one file; the
firmware build, the emulator and the checks of memory all read it here.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from motet.paths import data

Bytes = Annotated[int, Field(gt=0)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class BoardError(ValueError):
    """A board is unknown or its board.toml is wrong; the message names file and key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Memory(_Strict):
    """What the part has, in bytes. The linker script lays it out; the build checks that both agree."""

    flash: Bytes
    ram: Bytes


class Build(_Strict):
    """How the firmware is compiled."""

    soc: Name
    """``soc_<soc>.c``, in the board's folder or in firmware/port/soc."""
    defines: dict[Symbol, int] = {}
    on_fault: Literal["reset", "halt"] = "reset"
    """Whether the fault handler restarts the chip after its report."""


class Budget(_Strict):
    """Limits in bytes; the build fails beyond them."""

    flash: Bytes
    """Image in flash, initialised data included."""
    static_ram: Bytes
    """All RAM that is not GC heap: data and stacks."""
    heap_free: Bytes
    """GC heap free after boot with the link up."""


class Emulate(_Strict):
    """How QEMU runs the board."""

    program: Annotated[str, StringConstraints(pattern=r"^qemu-system-[a-z0-9]+$")]
    arguments: list[str]
    """The machine; ``{firmware}`` stands for the path of firmware.elf. Wires and control are added by the emulator."""
    icount_shift: Annotated[int, Field(ge=0, le=10)] | None = None
    """With it an instruction takes exactly 2**shift nanoseconds of the board's time, in every run."""
    seed_address: int | None = None
    """Where the emulator leaves a random word at power-on, as the SRAM of a real part would."""

    @model_validator(mode="after")
    def _names_the_firmware(self) -> Self:
        if not any("{firmware}" in argument for argument in self.arguments):
            raise ValueError('no argument contains "{firmware}"')
        return self


class Board(_Strict):
    """One board.toml."""

    name: Name
    title: str
    mcu: str
    arch: Literal["armv7em", "rv32imac"]
    features: frozenset[Name] = frozenset()
    verified: frozenset[Literal["qemu", "silicon"]] = frozenset()
    """Where the tests of this repository ran on it."""
    memory: Memory
    build: Build
    budget: Budget
    emulate: Emulate | None = None
    folder: Annotated[Path, Field(exclude=True)]

    @property
    def linker_script(self) -> Path:
        return self.folder / "link.ld"

    @model_validator(mode="after")
    def _budgets_fit(self) -> Self:
        for limit, room in (("flash", self.memory.flash), ("static_ram", self.memory.ram), ("heap_free", self.memory.ram)):
            if getattr(self.budget, limit) > room:
                raise ValueError(f"budget.{limit} is {getattr(self.budget, limit)} bytes, the part has {room}")
        return self


def names(folder: Path | None = None) -> list[str]:
    """Names of all boards, sorted."""
    return sorted(path.parent.name for path in (folder or data("boards")).glob("*/board.toml"))


def load(name: str, folder: Path | None = None) -> Board:
    """The board called `name` in `folder` (default: Motet's boards). Raises BoardError."""
    folder = folder or data("boards")
    path = folder / name / "board.toml"
    if not path.is_file():
        raise BoardError(f"no board is called {name!r}; there are: {', '.join(names(folder)) or 'none'}")
    return parse(path)


def parse(path: Path) -> Board:
    """Read and check one board.toml. Raises BoardError with the file and every wrong key."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardError(f"{path}: not TOML: {error}") from error
    if "folder" in content:
        raise BoardError(f"{path}: folder: Extra inputs are not permitted")
    try:
        board = Board.model_validate({**content, "folder": path.parent})
    except ValidationError as error:
        raise BoardError("; ".join(f"{path}: {_describe(dict(item))}" for item in error.errors())) from error
    if board.name != path.parent.name:
        raise BoardError(f"{path}: name: {board.name!r} is not the name of its folder, {path.parent.name!r}")
    return board


def _describe(item: dict[str, object]) -> str:
    where = ".".join(str(part) for part in item["loc"]) if isinstance(item["loc"], tuple) else ""
    return f"{where}: {item['msg']}" if where else str(item["msg"])
