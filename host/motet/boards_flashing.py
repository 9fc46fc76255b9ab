# SPDX-License-Identifier: Apache-2.0
"""The `[flashing]` section of board.toml: how an image gets into the real part."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Method = Literal["esptool", "uf2", "st-flash", "dfu", "none"]
UsbId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
# What each method must be told to check that the right part is there before it writes.
_NEEDS: dict[str, tuple[str, ...]] = {
    "esptool": ("chip",),
    "uf2": ("family", "drive"),
    "st-flash": ("chip",),
    "dfu": ("dfu_layout",),
}


class Flashing(BaseModel):
    """How the board is flashed. Addresses are those of the flash as the method counts them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method
    alternatives: tuple[Method, ...] = ()
    """Further methods that `motet flash --method` may be asked for."""
    chip: str | None = None
    """esptool: the chip's name; st-flash: its id as `st-info --probe` prints it, "0x413"."""
    offset: Annotated[int, Field(ge=0)] = 0
    """Where the image starts."""
    usb: tuple[UsbId, ...] = ()
    """USB ids ("vid:pid", lower case) that the board's port may have; the port is found by them."""
    family: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] | None = None
    """uf2: the family of the part, in every block of its images."""
    drive: str | None = None
    """uf2: Board-ID in the INFO_UF2.TXT of the boot drive."""
    dfu_layout: str | None = None
    """dfu: how the boot loader describes the flash; DFU tells nothing else of the chip."""

    @model_validator(mode="after")
    def _method_knows_its_chip(self) -> Self:
        for method in (self.method, *self.alternatives):
            for key in _NEEDS.get(method, ()):
                if getattr(self, key) is None:
                    raise ValueError(f"method {method!r} needs {key!r}")
        return self
