# SPDX-License-Identifier: Apache-2.0
"""What a component offers to the device itself: artifact field 9, checked, and its functions once they are bound."""

from motet_core.errors import Refused
from motet_core.topics import valid_pattern

_MOST_SUBSCRIPTIONS = 16
_MOST_TICKS = 8
_LEAST_PERIOD_MS = 10
_UINT32 = 0xFFFFFFFF


class Hooks:
    """`fields`: field 9 of an artifact (docs/components.md), `tools`: names of its tools. Refused says what is wrong."""

    def __init__(self, fields, tools):
        if not isinstance(fields, dict):
            raise Refused("component: its services are not a map")
        self.supervision = _numbers(fields.get(0), 4)
        self.schedule = _rows(fields.get(1, []), _MOST_TICKS, _is_tick, "schedule")
        self.steps = _steps(fields.get(2, {}), tools)
        self.init, self.health, self.shutdown = _exports(fields.get(3, [None, None, None]), 3)
        self.handle = _exports([fields.get(4)], 1)[0]
        self.subscriptions = _rows(fields.get(5, []), _MOST_SUBSCRIPTIONS, valid_pattern, "subscriptions")

    def exports(self):
        """Names of all functions, and whether values go in and out as JSON has them."""
        plain = [self.init, self.health, self.shutdown, self.handle] + [row[0] for row in self.schedule]
        stepping = [name for pair in self.steps.values() for name in pair]
        return [(name, False) for name in plain if name] + [(name, True) for name in stepping if name]


def _numbers(row, count):
    if row is None:
        return None
    if not isinstance(row, list) or len(row) != count or not all(_is_uint(value) for value in row):
        raise Refused("component: supervision is not [restarts, within, backoff, health]")
    return row


def _rows(rows, most, good, what):
    if not isinstance(rows, list) or len(rows) > most or not all(good(row) for row in rows):
        raise Refused("component: %s: more than %d, or one that makes no sense" % (what, most))
    return rows


def _is_tick(row):
    if not isinstance(row, list) or len(row) not in (3, 7) or not isinstance(row[0], str):
        return False
    if not _is_uint(row[1]) or row[1] < _LEAST_PERIOD_MS or row[2] not in (0, 1):
        return False
    if len(row) == 3:
        return True
    numbers = [isinstance(value, (int, float)) for value in row[4:6]]
    return isinstance(row[3], str) and all(numbers) and row[5] >= 0 and isinstance(row[6], bool)


def _steps(rows, tools):
    if not isinstance(rows, dict):
        raise Refused("component: steps are not a map")
    for tool in rows:
        row = rows[tool]
        if tool not in tools or not isinstance(row, list) or len(row) != 2 or not row[0]:
            raise Refused("component: steps of what is no tool")
        _exports(row, 2)
    return rows


def _exports(row, count):
    if not isinstance(row, list) or len(row) != count or not all(name is None or isinstance(name, str) for name in row):
        raise Refused("component: the name of an export is not a text")
    return row


def _is_uint(value):
    return isinstance(value, int) and value is not True and value is not False and 0 <= value <= _UINT32
