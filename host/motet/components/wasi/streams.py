# SPDX-License-Identifier: Apache-2.0
"""wasi:cli's standard streams and wasi:io/streams: output becomes lines of the component's log, input is at its end."""

from __future__ import annotations

from dataclasses import dataclass, field

from motet.components.wasi import groups
from motet.components.wasi.things import Part, Pollable, Row, Session, Thing, methods, rows
from motet_core.capability import EMPTY, VALUE
from motet_core.errors import Denied, NotFound, ToolError
from motet_core.imports_basic import Log

# What a stream takes at once, and as much of a line as one entry of the log keeps.
CHUNK, LINE = 4096, 200


class Stdio(Part, Log):  # type: ignore[misc]
    """Lines beyond its rate are dropped and counted, as of the log."""

    group = groups.STDIO

    def out(self, session: Session) -> Output:
        return Output("info", self)

    def error(self, session: Session) -> Output:
        return Output("warning", self)

    def input(self, session: Session) -> Input:
        return Input()

    @property
    def granted(self) -> bool:
        """Whether the grant has it still."""
        return self._bucket is not None

    def opened(self) -> None:
        """Raises Denied unless it is granted."""
        if not self.granted:
            raise Denied("the grant does not have it any more")


@dataclass(eq=False)
class Input(Thing):
    resource = "input-stream"


@dataclass(eq=False)
class Output(Thing):
    """``rest`` is a line that has not ended; it goes out when it gets long, when it is flushed, or with the call."""

    resource = "output-stream"
    level: str
    log: Stdio
    rest: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.log.opened()
        self.rest += data
        *lines, last = self.rest.split(b"\n")
        for line in lines:
            self._line(line)
        while len(last) > LINE:
            # Not within a character.
            cut = next((at for at in range(LINE, LINE - 4, -1) if last[at] & 0xC0 != 0x80), LINE)
            self._line(last[:cut])
            del last[:cut]
        self.rest[:] = last

    def close(self) -> None:
        """What has been written must not be lost, unless the grant has it no more."""
        if self.rest and self.log.granted:
            self._line(self.rest)
        self.rest.clear()

    def _line(self, line: bytearray) -> None:
        text = bytes(line).decode("utf-8", "replace")
        for start in range(0, len(text) or 1, LINE):
            self.log.write(self.level, text[start : start + LINE])


class Streams(Part):
    """Comes with every other part: the streams themselves are those of stdio."""

    def room(self, _: Session, stream: Output) -> int:
        stream.log.opened()
        return CHUNK

    def write(self, _: Session, stream: Output, data: bytes) -> None:
        if len(data) > CHUNK:
            raise ToolError(f"wasi:io/streams: {len(data)} bytes at once, at most {CHUNK} are taken", "trap")
        stream.write(data)

    def zeroes(self, session: Session, stream: Output, count: int) -> None:
        self.write(session, stream, bytes(min(count, CHUNK + 1)))

    def flush(self, _: Session, stream: Output) -> None:
        stream.log.opened()

    def ended(self, _: Session, *given: object) -> None:
        raise NotFound("the input is at its end")

    def ready(self, _: Session, stream: Thing) -> Pollable:
        return Pollable()

    def words(self, _: Session, error: object) -> str:
        return "failed"


STDIN: dict[str, Row] = rows(get_stdin=Stdio.input)
STDOUT: dict[str, Row] = rows(get_stdout=Stdio.out)
STDERR: dict[str, Row] = rows(get_stderr=Stdio.error)
ERROR: dict[str, Row] = methods("error", to_debug_string=Streams.words)
STREAMS: dict[str, Row] = {
    **methods("output-stream", subscribe=Streams.ready),
    **methods("output-stream", kind=VALUE, check_write=Streams.room, splice=Streams.ended, blocking_splice=Streams.ended),
    **methods("output-stream", kind=EMPTY, write=Streams.write, write_zeroes=Streams.zeroes, flush=Streams.flush),
    **methods("output-stream", kind=EMPTY, blocking_write_and_flush=Streams.write, blocking_flush=Streams.flush),
    **methods("output-stream", kind=EMPTY, blocking_write_zeroes_and_flush=Streams.zeroes),
    **methods("input-stream", subscribe=Streams.ready),
    **methods("input-stream", kind=VALUE, read=Streams.ended, blocking_read=Streams.ended),
    **methods("input-stream", kind=VALUE, skip=Streams.ended, blocking_skip=Streams.ended),
}
