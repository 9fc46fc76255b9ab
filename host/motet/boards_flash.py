# SPDX-License-Identifier: Apache-2.0
"""The schema of [flash] in board.toml: the persistent store and how its address range is divided."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Bytes = Annotated[int, Field(gt=0)]


class Region(BaseModel):
    """A part of the flash: `offset` bytes from its base, `size` bytes long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    offset: Annotated[int, Field(ge=0)]
    size: Bytes


class Flash(BaseModel):
    """The flash that the store uses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Name
    """firmware/port/flash/flash_<driver>.c."""
    base: Annotated[int, Field(ge=0)]
    """Address where the processor reads it."""
    size: Bytes
    erase: Bytes
    """Smallest piece that can be erased."""
    program: Bytes
    """Smallest piece that can be written."""
    regions: dict[Name, Region] = {}

    @model_validator(mode="after")
    def _regions_lie_inside(self) -> Self:
        for name, region in self.regions.items():
            if region.offset + region.size > self.size:
                raise ValueError(f"regions.{name} ends at {region.offset + region.size:#x}, the flash at {self.size:#x}")
        return self
