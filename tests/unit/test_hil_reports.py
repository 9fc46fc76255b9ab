# SPDX-License-Identifier: Apache-2.0
"""What a run leaves behind, from results made up here: HTML that nothing can break out of, JUnit XML, JSON."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from motet import hil
from motet.hil.coverage import Coverage
from motet.hil.files import JUNIT, LCOV, REPORT, SUMMARY
from motet.hil.junit import junit
from motet.hil.model import BoardRun, Case, Figure, Log, Run, Status
from motet.hil.report import html

EVIL = "<script>alert('x')</script>\x1b[31m\x00\ud800 ]]> & \"quoted\""


class Page(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def result(status="PASS", name="boots", message="", text="motet on a board\n", **more):
    return Case("boot", name, Status(status), message, 1.5, 1234, (), (Log("link", text),) if text else (), **more)


def board(*tests, **more):
    return BoardRun("stm32f405", "stm32f405", "a board", "emulated by qemu", list(tests), **more)


def a_run(*boards, **more):
    return Run("2026-01-02T03:04:05+00:00", ["boot"], list(boards), 2.5, **more)


def test_a_run_passed_when_every_board_did_and_something_ran():
    assert a_run(board(result())).passed
    assert a_run(board(result(), result("SKIP"))).passed
    assert not a_run(board(result()), board(result("FAIL"))).passed
    assert not a_run(board(result("SKIP"))).passed
    assert not a_run(board(result(), result("NOT_RUN"))).passed
    assert not a_run(board(result()), stopped="interrupted").passed
    assert not a_run(board(result(), error="no such port")).passed
    assert not a_run(board(result(), figures=[Figure("flash", 11, 10, "too much")])).passed


def test_the_page_needs_nothing_else_and_runs_no_script():
    page = Page(html(a_run(board(result())), None))
    names = [name for name, _ in page.tags]
    assert "script" not in names and "link" not in names and "img" not in names
    assert all("src" not in attributes for _, attributes in page.tags)
    policy = next(attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_what_a_board_says_stays_text():
    tests = [result("FAIL", EVIL, EVIL, EVIL), result("SKIP", "other", EVIL)]
    page = Page(html(a_run(board(*tests, error=EVIL), notes=[EVIL], stopped=EVIL), None))
    assert "script" not in [name for name, _ in page.tags]
    assert "\\x1b[31m\\x00" in page.text


def test_failures_stand_first_with_their_message_and_log():
    page = Page(html(a_run(board(result(), result("FAIL", "answers", "no answer within 8 s", "HARDFAULT pc=0"))), None))
    failures = page.text[page.text.index("Failures") : page.text.index("Tests")]
    assert (
        "answers" in failures and "no answer within 8 s" in failures and "HARDFAULT pc=0" in failures and "boots" not in failures
    )


def test_a_test_that_only_one_board_has_leaves_the_others_cell_empty():
    two = BoardRun("virt_rv32", "virt_rv32", "another", "emulated by qemu", [result(name="erases flash")])
    text = html(a_run(board(result()), two), None)
    assert text.count('<td class="cell"></td>') == 2


def test_sources_are_shown_with_the_lines_that_ran(tmp_path):
    (tmp_path / "a.c").write_text("one\ntwo <b>\nthree\n")
    covered = Coverage({Path("a.c"): {1: True, 2: False}, Path("gone.c"): {1: True}})
    text = html(a_run(board(result(), coverage=covered)), tmp_path)
    assert (
        '<span class="ran"><b>1</b>one</span><span class="missed"><b>2</b>two &lt;b&gt;</span><span><b>3</b>three</span>' in text
    )
    assert "could not be read" in text


def test_junit_has_a_suite_per_board_and_suite_with_instructions_and_logs():
    root = ElementTree.fromstring(
        junit(a_run(board(result(), result("FAIL", "answers", "why\nmore"), result("SKIP", "x", "no"))))
    )
    (suite,) = root.findall("testsuite")
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (
        "stm32f405.boot",
        "3",
        "1",
        "1",
    )
    assert suite.find("testcase/properties/property").get("value") == "1234"
    assert suite.find("testcase/failure").get("message") == "why"
    assert "motet on a board" in suite.find("testcase/system-out").text


def test_junit_tells_of_budgets_and_of_boards_that_could_not_be_used():
    broken = BoardRun("esp32c3", "esp32c3", "another", "attached at /dev/x", error="no such port")
    figures = [Figure("flash", 11, 10, "flash is 11"), Figure("heap", 5)]
    root = ElementTree.fromstring(junit(a_run(board(result(), figures=figures), broken)))
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["flash within its budget", "the board could be used"]


def test_junit_is_xml_whatever_a_board_says():
    root = ElementTree.fromstring(junit(a_run(board(result("FAIL", EVIL, EVIL, EVIL)))))
    assert "\N{REPLACEMENT CHARACTER}" in root.find("testsuite/testcase").get("name")


def test_the_summary_is_json_without_logs():
    values = json.loads(json.dumps(hil.summary(a_run(board(result(), figures=[Figure("flash", 11, 10, "flash is 11")])))))
    (facts,) = values["boards"]
    assert values["counts"] == {"pass": 1, "fail": 0, "skip": 0, "not_run": 0} and not values["passed"]
    assert facts["figures"] == {"flash": {"value": 11, "budget": 10}} and facts["over_budget"] == ["flash is 11"]
    assert "motet on a board" not in json.dumps(values)


def test_a_second_run_replaces_every_file_and_takes_old_coverage_away(tmp_path):
    covered = Coverage({Path("a.c"): {1: True}})
    first = hil.write(a_run(board(result(), coverage=covered)), tmp_path)
    assert set(first) == {REPORT, JUNIT, SUMMARY, LCOV}
    second = hil.write(a_run(board(result("FAIL"))), tmp_path)
    assert set(second) == {path.name for path in tmp_path.iterdir()} == {REPORT, JUNIT, SUMMARY}
    assert "FAILED" in (tmp_path / REPORT).read_text()


def test_files_are_whole_whatever_a_board_says(tmp_path):
    written = hil.write(a_run(board(result("FAIL", EVIL, EVIL, EVIL), error=EVIL)), tmp_path)
    ElementTree.fromstring(written[JUNIT].read_text(encoding="utf-8"))
    assert "</html>" in written[REPORT].read_text(encoding="utf-8") and not json.loads(written[SUMMARY].read_text())["passed"]


@pytest.mark.parametrize("boards", [[], [BoardRun("a", "a", "a", "attached at x")]])
def test_a_run_in_which_nothing_happened_has_its_reports(tmp_path, boards):
    assert (hil.write(a_run(*boards), tmp_path)[REPORT]).stat().st_size > 1000
