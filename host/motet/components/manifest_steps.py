# SPDX-License-Identifier: Apache-2.0
"""``[steps.TOOL]`` of ``Component.toml``: a tool whose work is done in steps, so that other calls have their turn between."""

from __future__ import annotations

from pydantic import BaseModel

from motet.components.tooltext import CONFIG, Name


class Steps(BaseModel):
    """The function of the contract that does one ``step``, and the one that is told of a ``cancel``."""

    model_config = CONFIG

    step: Name
    cancel: Name | None = None
