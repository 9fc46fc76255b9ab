# SPDX-License-Identifier: Apache-2.0
"""Cancel keys with types; the format is `motet_core.wire.cancel`."""

from motet_core.wire import cancel as _cancel


def cancel_key(reply_to: str | None, request_id: int | str) -> int:
    """(gateway id or None, request id) -> number of 32 bits, never 0."""
    return int(_cancel.cancel_key(reply_to, request_id))
