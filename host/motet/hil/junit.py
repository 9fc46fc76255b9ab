# SPDX-License-Identifier: Apache-2.0
"""JUnit XML, the form that continuous integration systems read: a test suite per board and suite."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from motet.hil.model import BoardRun, Case, Run, Status

# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run) -> str:
    """The whole run as one document."""
    root = ElementTree.Element("testsuites", name="motet hil", time=f"{run.seconds:.3f}")
    for board in run.boards:
        for name in dict.fromkeys(test.suite for test in board.tests):
            _suite(root, f"{board.label}.{name}", [test for test in board.tests if test.suite == name], run.started)
        if board.error or board.figures:
            _suite(root, f"{board.label}.board", [_usable(board), *_budgets(board)], run.started)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, name: str, tests: list[Case], started: str) -> None:
    facts = {
        "name": _clean(name),
        "timestamp": started,
        "tests": str(len(tests)),
        "failures": str(sum(test.status is Status.FAIL for test in tests)),
        "errors": "0",
        "skipped": str(sum(test.status in (Status.SKIP, Status.NOT_RUN) for test in tests)),
        "time": f"{sum(test.seconds for test in tests):.3f}",
    }
    suite = ElementTree.SubElement(root, "testsuite", facts)
    for test in tests:
        _case(suite, name, test)


def _case(suite: ElementTree.Element, name: str, test: Case) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=_clean(name), name=_clean(test.name), time=f"{test.seconds:.3f}")
    if test.instructions is not None:
        properties = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(properties, "property", name="instructions", value=str(test.instructions))
    if test.status is Status.FAIL:
        ElementTree.SubElement(case, "failure", message=_clean(test.message.split("\n")[0])).text = _clean(test.message)
    elif test.status is not Status.PASS:
        ElementTree.SubElement(case, "skipped", message=_clean(test.message))
    if test.logs:
        text = "\n".join(f"--- {log.name} ---\n{log.text}" for log in test.logs)
        ElementTree.SubElement(case, "system-out").text = _clean(text)


def _usable(board: BoardRun) -> Case:
    status = Status.FAIL if board.error else Status.PASS
    return Case("board", "the board could be used", status, board.error, board.seconds)


def _budgets(board: BoardRun) -> list[Case]:
    return [
        Case("board", f"{figure.name} within its budget", Status.FAIL if figure.complaint else Status.PASS, figure.complaint)
        for figure in board.figures
        if figure.bound is not None
    ]


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
