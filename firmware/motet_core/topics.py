# SPDX-License-Identifier: Apache-2.0
"""Topics of messages between components, and patterns of them.

A topic has up to 8 levels joined by "/", each of one or more visible ASCII characters other than + # * and /. In a pattern
a level may be "+", which stands for any one, and the last may be "#" or "*", which stand for any rest, none included.
"""

MAX_LENGTH = 64
_MAX_LEVELS = 8
_REST = ("#", "*")
_WILD = b"+#*"


def valid(topic):
    """Whether messages can be published under it."""
    if not isinstance(topic, str) or not 0 < len(topic) <= MAX_LENGTH:
        return False
    # Asked for each message: one loop, over numbers.
    for byte in topic.encode():
        if not 32 < byte < 127 or byte in _WILD:
            return False
    levels = topic.split("/")
    return len(levels) <= _MAX_LEVELS and "" not in levels


def valid_pattern(pattern):
    """Whether it may be subscribed to."""
    if not isinstance(pattern, str) or not 0 < len(pattern) <= MAX_LENGTH:
        return False
    levels = pattern.split("/")
    if levels[-1] in _REST:
        levels.pop()
        if len(levels) == _MAX_LEVELS:
            return False
    return not levels or valid("/".join(["x" if level == "+" else level for level in levels]))


def matches(pattern, topic):
    """Whether a message of the valid `topic` is for subscribers of the valid `pattern`."""
    if pattern == topic:
        return True
    return _covers(pattern.split("/"), topic.split("/"))


def covers(pattern, other):
    """Whether all topics of the pattern `other` are topics of `pattern`, too."""
    if not (valid_pattern(pattern) and valid_pattern(other)):
        return False
    return _covers(pattern.split("/"), other.split("/"))


def _covers(levels, others):
    for i in range(len(levels)):
        level = levels[i]
        if level in _REST:
            return True
        # A rest in the other one may be more, or less, than one level.
        if i == len(others) or others[i] in _REST or (level != others[i] and level != "+"):
            return False
    return len(levels) == len(others)
