# SPDX-License-Identifier: Apache-2.0
"""The catalogue hash: equal on the device that announces it and on the gateway that recomputes it from what it read.

It is the first 16 bytes of SHA-256 over the packed encoding (packed.pack) of the whole `tools` array of tools/list, all
pages joined in order. A gateway refuses a list whose hash differs from the presence record. Resources, templates and prompts
have one hash together, over their three arrays in this order; a device without any of them announces none.
"""

import hashlib

from motet_core.cbor_writer import write_head
from motet_core.wire.packed import pack


def catalogue_hash(tools):
    """List of tools/list entries as read (JSON values) -> 16 bytes."""
    return hash_packed([pack(tool) for tool in tools])


def hash_packed(entries):
    """List of packed entries -> 16 bytes; for a device, which keeps entries packed and never holds the whole list."""
    return hash_lists((entries,))


def hash_lists(lists):
    """The same over several lists of packed entries, one after the other."""
    digest = hashlib.sha256()
    for entries in lists:
        head = bytearray()
        write_head(head, 4, len(entries))
        digest.update(bytes(head))
        for entry in entries:
            digest.update(entry)
    return digest.digest()[:16]
