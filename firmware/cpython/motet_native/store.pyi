# SPDX-License-Identifier: Apache-2.0
"""Values and artifacts on NOR flash that survive a loss of power at any moment. docs/storage.md describes the format.

When a call that changes something returns, the change outlives any loss of power; when the power fails before, the next
mount finds the state before or after the call, never another one.
"""

from typing import TypedDict, final, type_check_only

from typing_extensions import Buffer

class Error(Exception):
    """`args` is (text, word). The words: "full", "quota", "corrupt", "foreign" (of another board or layout), "worn",
    "invalid" (an argument out of range), "differs" (a block that came before came again with other bytes), "closed" (the stage
    is over), "missing", "power" (only `Flash.cut`)."""

@final
class Flash:
    """Memory that behaves as NOR flash; its content is a read-only buffer. On a board, motet_port.flash() gives the real one.

    path: a file that keeps it; made when it is not there. None: memory only.
    log, slots: (number of sectors, bytes of one), for values and for artifacts. A sector for values has 2048 bytes or more,
    and there are 2 to 32; for artifacts up to 128.
    unit: bytes programmed at once, 1 to 16.

    Raises OSError; ValueError for a file of another size or sectors of no bytes.
    """

    def __new__(cls, path: str | None = None, *, log: tuple[int, int], slots: tuple[int, int], unit: int = 4) -> Flash: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

    # What follows is for tests, and on CPython only.
    operations: int
    """Units programmed and sectors erased so far."""
    dead: bool
    """Whether the power has failed (`cut`)."""
    def cut(self, at: int, how: str, seed: int = 1) -> None:
        """The power fails at the operation `at` from now on: "before" it or "after" it, or with the "first" or "second" half of
        its bytes or "random" bits of it done."""
    def power_on(self) -> None: ...
    def wear_out(self, at: int, what: str) -> None:
        """From now on the sector at offset `at` keeps a programmed bit when it is erased ("erase"), or an erased byte when it is
        programmed ("program")."""
    def erases(self) -> list[int]:
        """How often each sector was erased."""
    def load(self, content: Buffer) -> None:
        """Replaces the content."""

@type_check_only
class Stats(TypedDict):
    sectors: int
    free: int
    retired: int
    least_erases: int
    most_erases: int
    torn: int
    damaged: int
    slots: int
    slots_free: int
    slots_retired: int

Artifact = tuple[int, str, int, int, bytes, str | None]
"""kind, name, revision, size, digest, why it is quarantined."""

@final
class Store:
    """The store in a flash; one at a time.

    board: what the content belongs to. format: start anew where there is no store of this board.

    Raises Error: "corrupt", "foreign"; "invalid" for a layout that the store cannot use.
    """

    def __new__(cls, flash: Flash, board: str, format: bool = False) -> Store: ...
    def get(self, space: str | bytes, key: str | bytes) -> bytes | None: ...
    def put(self, space: str | bytes, key: str | bytes, value: Buffer, quota: int = 0) -> None:
        """Namespace of 1 to 40 bytes, key of 1 to 64, value of up to 1024. `quota`: bytes of flash that the namespace may
        occupy (`usage`), 0 for any. Raises Error: "full", "quota", "worn", "invalid"."""
    def delete(self, space: str | bytes, key: str | bytes) -> bool:
        """Whether it was there."""
    def keys(self, space: str | bytes) -> list[bytes]: ...
    def usage(self, space: str | bytes) -> int:
        """Bytes of flash that the values of a namespace occupy, with what surrounds them."""
    def begin(self, size: int) -> int:
        """Room for an artifact of `size` bytes -> number of the stage. Up to three at a time; they do not survive a restart.
        Raises Error: "full"."""
    def write(self, stage: int, offset: int, data: Buffer) -> int:
        """Bytes from `offset` on, at most where the ones before ended -> how many have arrived. Bytes that came before may come
        again. Raises Error: "differs", "invalid", "closed", "worn"."""
    def finish(self, stage: int) -> memoryview:
        """The artifact as it can be read from the flash now that all of it has arrived. Raises Error: "invalid", "closed",
        "worn"."""
    def commit(self, stage: int, kind: int, name: str, revision: int, digest: bytes) -> None:
        """It is the artifact of its kind (1 to 255) and name from here on; the one before is gone. The digest (32 bytes) is
        kept, not checked."""
    def abort(self, stage: int) -> None: ...
    def artifacts(self) -> list[Artifact]: ...
    def data(self, kind: int, name: str) -> memoryview | None:
        """The bytes where they are in flash. Do not use them after the artifact was replaced or removed."""
    def mark(self, kind: int, name: str, reason: str) -> None:
        """Quarantines with a reason of up to 80 plain characters, or ends it with "". Raises Error: "missing"."""
    def remove(self, kind: int, name: str) -> bool:
        """Whether it was there."""
    def format(self) -> None:
        """Forgets everything but which sectors are worn out."""
    def stats(self) -> Stats: ...
