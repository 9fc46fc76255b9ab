# SPDX-License-Identifier: Apache-2.0
"""The schema of [flash] in board.toml: the persistent store and how its address range is divided."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Driver = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Bytes = Annotated[int, Field(gt=0)]
Use = Literal["values", "artifacts", "selector", "image_a", "image_b"]
# What firmware/native/store/store.h can handle.
_VALUE_SECTORS = (2, 32)
_ARTIFACT_SECTORS = (1, 128)
_VALUE_SECTOR_BYTES = 2048


class Region(BaseModel):
    """A part of the flash: `offset` bytes from its base, `size` bytes long, in sectors of `erase` bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    offset: Annotated[int, Field(ge=0)]
    size: Bytes
    erase: Bytes | None = None
    """Where its sectors are larger than the smallest of the flash, or where several are used as one."""
    over: Use | None = None
    """The region whose place it takes while it is in use: a firmware image that is staged where artifacts are."""


class Flash(BaseModel):
    """The flash that the store uses, and what is kept free in it for updates of the firmware."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Driver
    """firmware/port/flash/flash_<driver>.c, or what the board's own port has."""
    base: Annotated[int, Field(ge=0)]
    """Address where the processor reads it."""
    size: Bytes
    erase: Bytes
    """Smallest piece that can be erased."""
    program: Literal[1, 2, 4, 8, 16]
    """Smallest piece that can be programmed; each once between two erasures."""
    regions: dict[Use, Region]
    """values: the log of small values. artifacts: slots of models and components. selector, image_a, image_b: which of two
    firmware images starts, and both; nothing writes them yet."""

    def erase_of(self, use: Use) -> int:
        """Bytes of one sector of a region."""
        return self.regions[use].erase or self.erase

    @model_validator(mode="after")
    def _regions_are_whole_sectors_inside(self) -> Self:
        for name, region in self.regions.items():
            erase = self.erase_of(name)
            if region.offset + region.size > self.size:
                raise ValueError(f"regions.{name} ends at {region.offset + region.size:#x}, the flash at {self.size:#x}")
            if erase % self.erase or region.offset % self.erase or region.size % erase:
                raise ValueError(f"regions.{name} is not made of whole sectors of {erase:#x} bytes")
        return self

    @model_validator(mode="after")
    def _regions_are_apart(self) -> Self:
        for name, region in self.regions.items():
            for other_name, other in self.regions.items():
                apart = region.offset + region.size <= other.offset or other.offset + other.size <= region.offset
                if name < other_name and not apart and region.over != other_name and other.over != name:
                    raise ValueError(f"regions.{name} and regions.{other_name} overlap")
        return self

    @model_validator(mode="after")
    def _store_has_what_it_needs(self) -> Self:
        uses: dict[Use, tuple[int, int]] = {"values": _VALUE_SECTORS, "artifacts": _ARTIFACT_SECTORS}
        for use, (least, most) in uses.items():
            region = self.regions.get(use)
            if region is None:
                raise ValueError(f"regions.{use} is missing")
            count = region.size // self.erase_of(use)
            if not least <= count <= most:
                raise ValueError(f"regions.{use} has {count} sectors, the store works with {least} to {most}")
        if self.erase_of("values") < _VALUE_SECTOR_BYTES:
            raise ValueError(f"regions.values: a sector has at least {_VALUE_SECTOR_BYTES} bytes; use several as one with erase")
        return self

    def defines(self) -> dict[str, str]:
        """What firmware/port/flash is compiled with."""
        found = {"BASE": self.base, "SIZE": self.size, "ERASE": self.erase, "PROGRAM": self.program}
        stores: tuple[Use, ...] = ("values", "artifacts")
        for use in stores:
            region = self.regions[use]
            found |= {f"{use.upper()}_AT": region.offset, f"{use.upper()}_SIZE": region.size}
            found[f"{use.upper()}_ERASE"] = self.erase_of(use)
        return {f"FLASH_{key}": f"{value}u" for key, value in found.items()}
