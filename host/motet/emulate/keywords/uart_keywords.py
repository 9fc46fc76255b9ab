# SPDX-License-Identifier: Apache-2.0
"""Renode's keywords about UARTs. Argument names and defaults are Renode's; time-outs are seconds of the board's time."""
# ruff: noqa: N803

from __future__ import annotations

import time

from motet.emulate.keywords.base import Keywords
from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.matching import Line, Pattern, Result
from motet.emulate.keywords.record import keyword
from motet.emulate.keywords.tester import Tester, demand

_DEFAULT_TIMEOUT_S = 8.0
_CR_ENDS = "TreatCarriageReturnAsEndLine"
_LF_ENDS = "TreatLineFeedAsEndLine"


class UartKeywords(Keywords):
    """A terminal tester per UART (and one more for bytes); each keyword raises KeywordError when what it waits for stays away."""

    _timeout = _DEFAULT_TIMEOUT_S
    _pause = _next_line = False
    _echo = True

    @keyword
    def set_default_uart_timeout(self, timeout: float) -> None:
        self._timeout = timeout

    @keyword
    def create_terminal_tester(
        self,
        uart: str,
        timeout: float | None = None,
        machine: str | None = None,
        endLineOption: str | None = None,
        defaultPauseEmulation: bool = False,
        defaultWaitForEcho: bool = True,
        defaultMatchNextLine: bool = False,
        binaryMode: bool = False,
    ) -> int:
        """Number of the tester. As in Renode, a UART that has one already keeps it."""
        if endLineOption not in (None, _CR_ENDS, _LF_ENDS):
            raise KeywordError(f"endLineOption: {endLineOption!r} is neither {_LF_ENDS} nor {_CR_ENDS}")
        self._pause, self._echo, self._next_line = defaultPauseEmulation, defaultWaitForEcho, defaultMatchNextLine
        host = self.emulation.machine(machine)
        wired = host.uart(uart)
        key = (host.name, wired.name, binaryMode)
        if key not in self.tester_of:
            wait = (self._timeout if timeout is None else timeout) * self.settings.timeout_factor
            tester = Tester(host, wired.write, wait, endLineOption == _CR_ENDS, binaryMode)
            wired.listen(tester.feed)
            self.tester_of[key] = len(self.testers)
            self.testers.append(tester)
        return self.tester_of[key]

    @keyword
    def set_default_tester(self, id: int | None = None) -> None:
        self.default_tester = None if id is None else self._tester(id)

    @keyword
    def wait_for_line_on_uart(
        self,
        content: str,
        timeout: float | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
        pauseEmulation: bool | None = None,
        matchNextLine: bool | None = None,
    ) -> Result:
        tester = self._text_tester(testerId)
        pattern, pause = Pattern(content, treatAsRegex), self._pausing(pauseEmulation)
        next_line = self._next_line if matchNextLine is None else matchNextLine
        return demand(tester, tester.wait_for(pattern, self._seconds(timeout), includeUnfinishedLine, pause, next_line))

    @keyword
    def wait_for_lines_on_uart(
        self,
        content: list[str],
        timeout: float | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
        pauseEmulation: bool | None = None,
        matchFromNextLine: bool | None = None,
    ) -> Result:
        tester, pause = self._text_tester(testerId), self._pausing(pauseEmulation)
        if len(content) < 2 or includeUnfinishedLine:
            raise KeywordError("two or more ended lines are needed; for one there is Wait For Line On Uart")
        patterns = [Pattern(text, treatAsRegex) for text in content]
        from_next = self._next_line if matchFromNextLine is None else matchFromNextLine
        return demand(tester, tester.wait_for_lines(patterns, self._seconds(timeout), pause, from_next))

    @keyword
    def wait_for_prompt_on_uart(
        self,
        prompt: str,
        testerId: int | None = None,
        timeout: float | None = None,
        treatAsRegex: bool = False,
        pauseEmulation: bool | None = None,
    ) -> Result:
        return self.wait_for_line_on_uart(prompt, timeout, testerId, treatAsRegex, True, pauseEmulation)

    @keyword
    def wait_for_next_line_on_uart(
        self, timeout: float | None = None, testerId: int | None = None, pauseEmulation: bool | None = None
    ) -> Result:
        tester = self._text_tester(testerId)
        return demand(tester, tester.next_line(self._seconds(timeout), self._pausing(pauseEmulation)))

    @keyword
    def wait_for_bytes_on_uart(
        self,
        content: str,
        timeout: float | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        pauseEmulation: bool | None = None,
        matchStart: bool = False,
    ) -> dict[str, object]:
        """``content``: hexadecimal, or with treatAsRegex a regular expression over characters of one byte each."""
        tester = self._tester(testerId)
        if not tester.binary:
            raise KeywordError("Attempt to wait for bytes on a tester in text mode: set binaryMode=True when creating it")
        pattern = Pattern(content, treatAsRegex, binary=True)
        found = demand(tester, tester.wait_for(pattern, self._seconds(timeout), True, self._pausing(pauseEmulation), matchStart))
        groups = [str(group).encode("latin-1") for group in found.raw_groups]
        return {"Content": found.raw.encode("latin-1"), "Timestamp": found["timestamp"], "Groups": groups}

    @keyword
    def should_not_be_on_uart(
        self,
        content: str,
        timeout: float | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
    ) -> None:
        tester = self._tester(testerId)
        found = tester.wait_for(Pattern(content, treatAsRegex), self._seconds(timeout), includeUnfinishedLine)
        if found is not None:
            raise KeywordError(f"Terminal tester failed!\n\nUnexpected entry has been found on UART#:\n{found['line']}")

    @keyword
    def test_if_uart_is_idle(self, timeout: float, testerId: int | None = None, pauseEmulation: bool | None = None) -> None:
        tester = self._tester(testerId)
        if not tester.idle(self._seconds(timeout) or 0.0, self._pausing(pauseEmulation)):
            raise KeywordError(f"Terminal tester failed!\n\nFull report:\n{tester.report}")

    @keyword
    def write_to_uart(self, content: str, testerId: int | None = None) -> Result:
        return self._send(self._tester(testerId), content)

    @keyword
    def write_line_to_uart(
        self,
        content: str = "",
        testerId: int | None = None,
        waitForEcho: bool | None = None,
        pauseEmulation: bool | None = None,
    ) -> Result:
        tester = self._tester(testerId)
        result = self._send(tester, content + "\r")
        if self._echo if waitForEcho is None else waitForEcho:
            demand(tester, tester.wait_for(Pattern(content), None, True, self._pausing(pauseEmulation)))
        return result

    @keyword
    def write_char_on_uart(self, c: str, testerId: int | None = None) -> Result:
        return self._send(self._tester(testerId), c)

    @keyword
    def send_key_to_uart(self, c: int, testerId: int | None = None) -> Result:
        return self._send(self._tester(testerId), chr(c & 0xFF))

    @keyword
    def write_char_delay(self, delay: float, testerId: int | None = None) -> None:
        """Seconds between two characters; in our own time, which other emulators than Renode share."""
        self._tester(testerId).char_delay = delay

    @keyword
    def register_failing_uart_string(self, pattern: str, treatAsRegex: bool = False, testerId: int | None = None) -> None:
        self._tester(testerId).failing.append(Pattern(pattern, treatAsRegex))

    @keyword
    def unregister_failing_uart_string(self, pattern: str, treatAsRegex: bool = False, testerId: int | None = None) -> None:
        try:
            self._tester(testerId).failing.remove(Pattern(pattern, treatAsRegex))
        except ValueError:
            raise KeywordError("Unable to unregister failing string, entry not found") from None

    def get_terminal_tester_report(self, testerId: int | None = None) -> str:
        return self._tester(testerId).report

    @keyword
    def clear_terminal_tester_report(self, testerId: int | None = None) -> None:
        self._tester(testerId).clear()

    def _send(self, tester: Tester, text: str) -> Result:
        data = text.encode("latin-1", "replace")
        pieces = [data] if not tester.char_delay else [data[i : i + 1] for i in range(len(data))]
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(tester.char_delay)
            tester.send(piece)
        return Result(Line("", 0.0))

    def _pausing(self, wanted: bool | None) -> bool:
        return self._pause if wanted is None else wanted

    def _text_tester(self, number: int | None) -> Tester:
        tester = self._tester(number)
        if tester.binary:
            raise KeywordError("Attempt to wait for text on a tester in binary mode: set binaryMode=False when creating it")
        return tester

    def _tester(self, number: int | None) -> Tester:
        if number is not None:
            if not 0 <= number < len(self.testers):
                raise KeywordError(f"Tester for given ID={number} was not found. Did you forget to create the tester?")
            return self.testers[number]
        if self.default_tester is not None:
            return self.default_tester
        if len(self.testers) != 1:
            few = "There are no testers available."
            many = "There is more than one tester available - please specify ID of the desired tester."
            raise KeywordError(many if self.testers else few)
        return self.testers[0]
