# SPDX-License-Identifier: Apache-2.0
"""What a manifest adds to the functions of a contract: words, and ranges narrower than their types."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from motet.components.errors import AdmissionError
from motet.components.valuetypes import LAYOUTS
from motet.components.wittypes import Primitive, Type

# `<device>.<component>.<tool>` must fit the 64 characters MCP clients accept, and a device id takes up to 32.
MAX_TOOL_NAME = 31

# WIT identifiers: kebab case, so that names survive in every guest language.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
Name = Annotated[str, Field(pattern=f"^{NAME.pattern}$", max_length=MAX_TOOL_NAME)]
Text = Annotated[str, Field(max_length=300)]


# Of every table in a manifest.
CONFIG = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Table(BaseModel):
    model_config = CONFIG


class Narrowing(_Table):
    """What the manifest adds to a parameter of the WIT: a narrower range, better words."""

    minimum: int | float | None = None
    maximum: int | float | None = None
    description: Text = ""

    def said(self) -> dict[str, int | float | str]:
        """The part of a JSON Schema that says so."""
        parts = {"minimum": self.minimum, "maximum": self.maximum, "description": self.description or None}
        return {key: value for key, value in parts.items() if value is not None}

    def check(self, where: str, kind: Type | None) -> None:
        """Refuses a range that the type does not have. Raises AdmissionError."""
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        layout = LAYOUTS.get(kind.name) if isinstance(kind, Primitive) and kind.name != "bool" else None
        if bounds and (layout is None or not all(layout.accepts(bound) for bound in bounds)):
            accepted = layout.accepted if layout else "none: it is no number"
            raise AdmissionError("wit", f"minimum and maximum may be {accepted}", where)
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            raise AdmissionError("wit", "minimum is greater than maximum", where)


class ToolText(_Table):
    """What the manifest says of a function of the WIT: all of it is optional."""

    name: Name
    description: Text = ""
    params: dict[str, Narrowing] = {}
