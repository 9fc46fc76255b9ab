# SPDX-License-Identifier: Apache-2.0
"""Whether what has just been loaded may stay."""

from motet_core import platform
from motet_core.errors import NoMemory, Refused
from motet_core.slots import RESERVE
from motet_core.wire import packed

# For the reason, should the artifact fail later.
_REASON = 48


def check(supervisor, host, key, max_entry):
    """Whatever runs must leave the device able to tell of it and to take requests: else it could not be removed either.

    `host`: who serves the artifact `key`; `max_entry`: longest description of a tool in bytes. Raises NoMemory, Refused.
    """
    try:
        _check_tools(supervisor, host, max_entry)
        free = platform.heap_free()
    except MemoryError:
        free = 0
    if free < RESERVE:
        raise NoMemory("%s %s leaves %d bytes free, %d are needed" % (key[0], key[1], free, RESERVE))


def _check_tools(supervisor, host, max_entry):
    for tool in host.tools():
        if supervisor.host(tool) is not host:
            raise Refused("the device has a tool %s already" % tool)
        if len(supervisor.entry(tool)) > max_entry:
            raise Refused("the description of %s is longer than %d bytes" % (tool, max_entry))


def check_list(rows, most):
    """Raises Refused when what artifact.list tells would not go into one answer of `most` bytes: nobody could see what to
    remove any more."""
    length = sum([len(packed.pack(row)) + _REASON for row in rows])
    if length > most:
        raise Refused("the list of artifacts would get longer than an answer; remove one")
