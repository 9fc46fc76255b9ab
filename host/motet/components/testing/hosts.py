# SPDX-License-Identifier: Apache-2.0
"""What a component imports, played by a test: answers, failures and delays, and what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from motet.components.wittypes import Function, Result

Work = Callable[..., Any]


class NotPlayed(AssertionError):
    """The component called an import for which the test has no answer."""


@dataclass
class _Part:
    """One function: the answers still to come, the last of which stays, and the calls so far."""

    answers: list[Work] = field(default_factory=list)
    delay_ms: int = 0
    calls: list[tuple[Any, ...]] = field(default_factory=list)


class Host:
    """Names are ``interface.function`` as in the contract: ``sensors.read``, ``clock.monotonic``.

    Values have the form of typed calls: records are dicts, variants {"tag", "val"}, ``list<u8>`` bytes, none None. Of a function
    that returns a ``result``, ``returns`` gives the ok and ``fails`` the error. Delays pass on the clock of this host, not on
    yours: ``now_ms`` is what ``clock.monotonic`` tells. ``log.write`` needs no answer: ``log`` has its lines.
    """

    def __init__(self) -> None:
        self.now_ms = 0
        self.log: list[tuple[str, str]] = []
        self._parts: dict[str, _Part] = {}
        self.answers("log.write", lambda level, text: self.log.append((level, text)))
        self.answers("clock.monotonic", lambda: self.now_ms)

    def returns(self, name: str, *values: Any) -> Host:
        """The values one after the other; the last one again and again. Without a value: nothing."""
        return self._play(name, [_constant(value) for value in values or (None,)])

    def fails(self, name: str, *errors: Any) -> Host:
        """Errors of the function's ``result`` one after the other; an exception instead of a value is raised."""
        return self._play(name, [_failure(error) for error in errors or (None,)])

    def answers(self, name: str, work: Work) -> Host:
        """What `work` returns for the arguments; an ``Err`` that it returns is the error of the function's ``result``."""
        return self._play(name, [work])

    def then(self, name: str, work: Work) -> Host:
        """One more answer after those that are there."""
        self._part(name).answers.append(work)
        return self

    def delays(self, name: str, milliseconds: int) -> Host:
        """Every call of it takes so long on this host's clock."""
        self._part(name).delay_ms = milliseconds
        return self

    def calls(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of every call so far."""
        return list(self._part(name).calls)

    def assert_called(self, name: str, *arguments: Any) -> None:
        """That the last call had these arguments. Raises AssertionError with all calls."""
        calls = self.calls(name)
        assert calls and calls[-1] == arguments, f"{name} was called with {calls or 'nothing'}, not last with {arguments}"

    def assert_not_called(self, name: str) -> None:
        """That nothing called it."""
        assert not self.calls(name), f"{name} was called with {self.calls(name)}"

    def bound(self, functions: Iterable[Function]) -> Iterator[tuple[Function, Work]]:
        """The imports of a world with what plays them."""
        for function in functions:
            yield function, self._bound(function)

    def _bound(self, function: Function) -> Work:
        interface = function.interface.partition("@")[0]
        short = f"{interface.rpartition('/')[2]}.{function.name}" if interface else function.name

        def call(*arguments: Any) -> Any:
            full = f"{interface}.{function.name}"
            part = self._parts[full] if full in self._parts else self._part(short)
            part.calls.append(arguments)
            self.now_ms += part.delay_ms
            if not part.answers:
                raise NotPlayed(
                    f"the component called {short}{arguments}: say what it gets, as with host.returns({short!r}, ...)"
                )
            work = part.answers.pop(0) if len(part.answers) > 1 else part.answers[0]
            return _wrapped(function, work(*arguments))

        return call

    def _play(self, name: str, answers: list[Work]) -> Host:
        self._part(name).answers = answers
        return self

    def _part(self, name: str) -> _Part:
        return self._parts.setdefault(name, _Part())


@dataclass(frozen=True)
class Err:
    """The error of a function's ``result``."""

    value: Any = None


def _constant(value: Any) -> Work:
    return lambda *_: value


def _failure(error: Any) -> Work:
    def work(*_: Any) -> Err:
        if isinstance(error, BaseException):
            raise error
        return Err(error)

    return work


def _wrapped(function: Function, value: Any) -> Any:
    if not isinstance(function.result, Result):
        if isinstance(value, Err):
            raise TypeError(f"{function.core_name} returns no result: it cannot fail; raise an exception instead")
        return value
    kind, tag = (function.result.err, "err") if isinstance(value, Err) else (function.result.ok, "ok")
    payload = value.value if isinstance(value, Err) else value
    return {"tag": tag} if kind is None else {"tag": tag, "val": payload}
