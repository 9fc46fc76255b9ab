# SPDX-License-Identifier: Apache-2.0
"""Keywords that only Renode can do. A test that calls one is skipped, and the report says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motet.emulate.keywords.errors import Unsupported

_LED = "QEMU's boards have no LEDs that could be watched"
_NET = "frames on a network cannot be watched here"
_SCREEN = "there is no window here"

REASONS = {
    "execute_python": "there is no Python inside of QEMU",
    "run_until_breakpoint": "breakpoints need a debugger: machine StartGdbServer",
    "wait_for_gdb_connection": "QEMU does not tell when a debugger attaches",
    "download_file": "tests here use what is in the repository",
    "open_gui": _SCREEN,
    "close_gui": _SCREEN,
    "set_default_led_timeout": _LED,
    "create_led_tester": _LED,
    "assert_led_state": _LED,
    "assert_and_hold_led_state": _LED,
    "assert_led_duty_cycle": _LED,
    "assert_led_is_blinking": _LED,
    "create_network_interface_tester": _NET,
    "wait_for_outgoing_packet": _NET,
    "wait_for_outgoing_packet_with_bytes_at_index": _NET,
    "send_frame": _NET,
}


def _skipping(name: str, reason: str) -> Callable[..., None]:
    def refuse(self: Any, *args: Any, **named: Any) -> None:
        raise Unsupported(f"renode_only: {name.replace('_', ' ').title()}: {reason}")

    refuse.__name__ = name
    # Robot reads them before it knows that the first argument is bound.
    refuse.__annotations__.clear()
    refuse.__doc__ = f"Renode only: {reason}."
    return refuse


class RenodeOnly:
    """Has a keyword for each of REASONS."""


for _name, _reason in REASONS.items():
    setattr(RenodeOnly, _name, _skipping(_name, _reason))
