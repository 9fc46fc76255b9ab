# SPDX-License-Identifier: Apache-2.0
"""The schema of ``boards/<board>/board.toml``: what can be said of a board."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from motet.boards_budgets import Budgets, Limits
from motet.boards_flash import Flash
from motet.boards_flashing import Flashing

Bytes = Annotated[int, Field(gt=0)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
Arch = Literal["armv6m", "armv7m", "armv7em", "armv8_1m", "rv32imac", "rv32imc", "xtensa", "host"]
Verified = Literal["qemu", "renode", "rp2040js", "unicorn", "native", "silicon"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Memory(_Strict):
    """What the part has, in bytes. The linker script lays it out; the build checks that both agree."""

    flash: Bytes
    ram: Bytes


class PortBuild(_Strict):
    """Motet's own port of MicroPython, firmware/port."""

    kind: Literal["port"] = "port"
    soc: Name
    """``soc_<soc>.c``, in the board's folder or in firmware/port/soc."""
    defines: dict[Symbol, int] = {}
    on_fault: Literal["reset", "halt"] = "reset"
    """Whether the fault handler restarts the chip after its report."""


class Rp2Build(_Strict):
    """MicroPython's own rp2 port with Motet's modules."""

    kind: Literal["rp2"]
    board: Symbol = "RPI_PICO"
    """MicroPython's name of the board."""


class IdfBuild(_Strict):
    """MicroPython's own esp32 port with Motet's modules; needs Espressif's ESP-IDF."""

    kind: Literal["idf"]
    board: Symbol = "ESP32_GENERIC"
    """MicroPython's name of the board."""


class CpythonBuild(_Strict):
    """Nothing to compile for: the device core runs on CPython, from the installed package."""

    kind: Literal["cpython"]


class Links(_Strict):
    """Which of the part's UARTs does what, counted from 0 as the emulators count them."""

    link: Annotated[int, Field(ge=0, le=15)] = 0
    """The framed data link."""
    console: Annotated[int, Field(ge=0, le=15)] | None = None
    """Text for people: boot, logs, fault reports. Without it one UART carries both, text as LOG frames."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.console == self.link:
            raise ValueError(f"console and link are both UART {self.link}; leave console out when one UART carries both")
        return self


class _Emulate(_Strict):
    icount_shift: Annotated[int, Field(ge=0, le=10)] | None = None
    """With it an instruction takes exactly 2**shift nanoseconds of the board's time, in every run."""
    seed_address: int | None = None
    """Where the emulator leaves a random word at power-on, as the SRAM of a real part would."""


class Qemu(_Emulate):
    """A machine of QEMU."""

    kind: Literal["qemu"] = "qemu"
    program: Annotated[str, StringConstraints(pattern=r"^qemu-system-[a-z0-9]+$")]
    arguments: list[str]
    """The machine; ``{firmware}`` stands for the path of firmware.elf, ``{flash}`` for the file that is the board's persistent
    flash. Wires and control are added by the emulator."""
    flash_bytes: Bytes | None = None
    """Size of the file that ``{flash}`` names."""

    @model_validator(mode="after")
    def _names_its_files(self) -> Self:
        if not any("{firmware}" in argument for argument in self.arguments):
            raise ValueError('no argument contains "{firmware}"')
        if any("{flash}" in argument for argument in self.arguments) != (self.flash_bytes is not None):
            raise ValueError('flash_bytes and an argument with "{flash}" belong together')
        return self


class Rp2040js(_Emulate):
    """npm's rp2040js under Node."""

    kind: Literal["rp2040js"]


class Unicorn(_Emulate):
    """The processor by unicorn, the peripherals by Motet."""

    kind: Literal["unicorn"]


class Process(_Emulate):
    """No emulation: the device core as a process of this machine."""

    kind: Literal["process"]


def _tag(value: Any) -> str | None:
    return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)


def _kind_or_port(value: Any) -> str | None:
    return _tag(value) if not isinstance(value, dict) or "kind" in value else "port"


Build = Annotated[
    Annotated[PortBuild, Tag("port")]
    | Annotated[Rp2Build, Tag("rp2")]
    | Annotated[IdfBuild, Tag("idf")]
    | Annotated[CpythonBuild, Tag("cpython")],
    Discriminator(
        _kind_or_port, custom_error_type="kind", custom_error_message="kind must be one of: port (default), rp2, idf, cpython"
    ),
]
Emulate = Annotated[
    Annotated[Qemu, Tag("qemu")]
    | Annotated[Rp2040js, Tag("rp2040js")]
    | Annotated[Unicorn, Tag("unicorn")]
    | Annotated[Process, Tag("process")],
    Discriminator(_tag, custom_error_type="kind", custom_error_message="kind must be one of: qemu, rp2040js, unicorn, process"),
]


class Board(_Strict):
    """One board.toml, with the budgets.toml beside it."""

    name: Name
    title: str
    mcu: str
    arch: Arch
    features: frozenset[Name] = frozenset()
    verified: frozenset[Verified] = frozenset()
    """Where the tests of this repository ran on it."""
    memory: Memory | None = None
    build: Build
    links: Links = Links()
    flashing: Flashing = Flashing(method="none")
    flash: Flash | None = None
    """The store in the board's flash."""
    emulate: Emulate | None = None
    budgets: Budgets | None = None
    folder: Annotated[Path, Field(exclude=True)]

    @property
    def linker_script(self) -> Path:
        return self.folder / "link.ld"

    @property
    def budget(self) -> Limits | None:
        """The limits of budgets.toml."""
        return self.budgets.limit if self.budgets else None

    @model_validator(mode="after")
    def _says_what_its_build_needs(self) -> Self:
        if isinstance(self.build, PortBuild | Rp2Build) and not (self.memory and self.budgets):
            raise ValueError(f'build.kind = "{self.build.kind}" needs [memory] and a budgets.toml beside board.toml')
        return self

    @model_validator(mode="after")
    def _budgets_fit(self) -> Self:
        if self.memory and self.budget:
            for limit, room in (("flash", self.memory.flash), ("static_ram", self.memory.ram), ("heap_free", self.memory.ram)):
                if getattr(self.budget, limit) > room:
                    raise ValueError(f"limit.{limit} of budgets.toml is {getattr(self.budget, limit)} bytes, the part has {room}")
        return self

    @model_validator(mode="after")
    def _claims_only_what_can_run(self) -> Self:
        emulated = self.verified & {"qemu", "rp2040js", "unicorn"}
        if emulated - {self.emulate.kind if self.emulate else ""}:
            raise ValueError(f"verified names {', '.join(sorted(emulated))}, [emulate] does not")
        return self
