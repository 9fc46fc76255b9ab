# SPDX-License-Identifier: Apache-2.0
"""Starts what flash holds when the device starts. Nothing in it can keep the device from starting.

An artifact whose bytes have changed, or that brought the device down twice while it was started, is quarantined: it stays
where it is, marked with the reason, until it is installed anew or removed. One that merely cannot run now (no memory) is listed
with its reason and tried again at the next start.
"""

import hashlib

from motet_core import platform
from motet_core.artifact_state import finish
from motet_core.errors import MotetError

# Restarts that an artifact may have caused: then each is written down before it is started.
_SUSPICIOUS = ("fault", "crash", "watchdog")
SPACE = "boot"
_KEY = "starting"


def start_all(artifacts, storage, log):
    """Loads every committed artifact; `log(text)` tells of those that do not run."""
    slots, values = storage.slots, storage.values
    suspect = values.get(SPACE, _KEY)
    careful = platform.reset_reason() in _SUSPICIOUS
    for key, wanted, reason in slots.rows():
        label = "%s %s" % key
        if reason is None:
            reason = _trouble(slots, key, wanted, label.encode() == suspect)
            if reason is not None:
                _safely(log, slots.mark, key, reason)
        if reason is not None:
            artifacts.fail(key, wanted, reason)
        else:
            if careful:
                _safely(log, values.put, SPACE, _KEY, label.encode())
            reason = _start(artifacts, key, wanted, slots.data(key))
        if reason is not None:
            log("%s does not run: %s" % (label, reason))
    if careful or suspect is not None:
        _safely(log, values.delete, SPACE, _KEY)
    finish(artifacts, values, log)


def _start(artifacts, key, wanted, data):
    try:
        return artifacts.restore(key, wanted, data)
    except Exception as error:
        # What nobody foresaw must not end the device; a request for the same would get "internal error".
        artifacts.fail(key, wanted, "internal error: %s" % error)
        return platform.describe_exception(error)


def _trouble(slots, key, wanted, suspected):
    """Why an artifact must not be started; None when it may."""
    if suspected:
        return "the device failed while it was started"
    if hashlib.sha256(slots.data(key)).digest() != wanted["digest"]:
        return "its bytes in flash have changed"
    return None


def _safely(log, change, *arguments):
    # Flash that takes nothing any more still has what the device needs to run.
    try:
        change(*arguments)
    except MotetError as error:
        log(error.message)
