# SPDX-License-Identifier: Apache-2.0
"""Tool names at the gateway: `<device>.<tool>`.

A device id has no dot, so the first dot splits. The specification allows 128 characters; clients and its conformance
suite expect 64 at most.
"""

from __future__ import annotations

import re

MAX_NAME = 64
_TOOL = re.compile(r"[A-Za-z0-9_.-]+\Z")


def exposed_name(device: str, tool: str) -> str:
    """The name under which clients see `tool` of `device`.

    Raises ValueError, saying why, when it is no valid tool name.
    """
    name = f"{device}.{tool}"
    if not _TOOL.match(tool):
        raise ValueError("a tool name consists of letters, digits, '_', '-' and '.'")
    if len(name) > MAX_NAME:
        raise ValueError(f"{len(name)} characters with the device id; at most {MAX_NAME}")
    return name
