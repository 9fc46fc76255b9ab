# SPDX-License-Identifier: Apache-2.0
"""How a keyword fails, and how it says that a board cannot do something."""


class KeywordError(AssertionError):
    """A keyword failed; the message is for whoever reads the report."""

    ROBOT_SUPPRESS_NAME = True


class Unsupported(Exception):
    """The board or its emulator lacks what the keyword needs: Robot Framework marks the test as skipped, with the reason."""

    ROBOT_SKIP_EXECUTION = True
