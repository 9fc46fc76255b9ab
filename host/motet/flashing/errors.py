# SPDX-License-Identifier: Apache-2.0
"""Why a board could not be flashed."""

from enum import StrEnum


class Reason(StrEnum):
    """What kind of failure it was, for programs."""

    BOARD = "board"
    """The board cannot be flashed, or not by this method."""
    IMAGE = "image"
    """The image is missing, damaged, too long or another board's. Nothing was written."""
    TOOL = "tool"
    """The program that talks to the part is missing or too old. Nothing was written."""
    PORT = "port"
    """No port, several, or one that is no port or is in use. Nothing was written."""
    SILENT = "silent"
    """Nothing answers at the port. Nothing was written."""
    CHIP = "chip"
    """Another part answers at the port. Nothing was written."""
    LOST = "lost"
    """The connection broke while writing: the flash holds part of the image."""
    VERIFY = "verify"
    """What the flash holds afterwards is not the image."""
    FAILED = "failed"
    """Anything else that the tool reports."""


class FlashError(Exception):
    """The board is not flashed; the message says why and what to do."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
