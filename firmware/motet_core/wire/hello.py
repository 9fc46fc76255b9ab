# SPDX-License-Identifier: Apache-2.0
"""What the host tells a device when the link comes up: the time, a boot nonce, and an id for boards without one."""

from motet_core.wire import record

TABLE = (
    (0, "time_ms", "uint", 0, (1 << 53) - 1, True),
    (1, "nonce", "bytes", 8, 8, True),
    (2, "id", "text", 1, 32, False),
)


def encode(**fields):
    """time_ms: Unix time in ms; nonce: 8 random bytes; id: text of 1 to 32 characters, optional -> bytes."""
    return record.encode("hello", TABLE, fields)


def decode(data):
    """Bytes -> dict with time_ms, nonce, id (None when absent). WireError names the field."""
    return record.decode("hello", TABLE, data)
