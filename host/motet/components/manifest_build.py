# SPDX-License-Identifier: Apache-2.0
"""``[build]`` of Component.toml: how the module is made from its sources."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from motet.components.tooltext import CONFIG

Language = Literal["c", "zig", "assemblyscript", "rust", "python"]


class Build(BaseModel):
    """Sources relative to the manifest. With a ``language`` the bindings of the contract are made, too; without, it is plain C.

    ``c_stack``: bytes of stack of the guest's code. ``arena``: bytes of memory for text and lists of one call.
    """

    model_config = CONFIG

    sources: Annotated[list[str], Field(min_length=1, max_length=64)]
    language: Language | None = None
    c_stack: Annotated[int, Field(ge=64, le=1 << 19)] = 1024
    arena: Annotated[int, Field(ge=64, le=1 << 19, multiple_of=8)] = 1024

    @field_validator("sources")
    @classmethod
    def _inside(cls, sources: list[str]) -> list[str]:
        for source in sources:
            path = PurePosixPath(source)
            if path.is_absolute() or ".." in path.parts or source.startswith("-"):
                raise ValueError(f"{source!r} is not a path inside the component's folder")
        return sources
