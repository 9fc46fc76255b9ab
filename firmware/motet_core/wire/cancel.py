# SPDX-License-Identifier: Apache-2.0
"""The key under which the link layer cancels a running request, without decoding anything in an interrupt."""

from motet_core import cbor
from motet_core.platform import crc32


def cancel_key(reply_to, request_id):
    """(gateway id or None, request id) -> number of 32 bits, never 0: 0 means that nothing runs."""
    return crc32(cbor.dumps([reply_to, request_id])) or 1
