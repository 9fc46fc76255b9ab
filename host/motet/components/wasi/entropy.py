# SPDX-License-Identifier: Apache-2.0
"""wasi:random: bytes of the operating system, for those too who would be content with worse ones."""

from __future__ import annotations

import os

from motet.components.wasi import groups
from motet.components.wasi.things import Part, Row, Session, rows
from motet_core.errors import ToolError

MOST = 1 << 16


class Random(Part):
    group = groups.RANDOM

    def bytes(self, _: Session, count: int) -> bytes:
        if count > MOST:
            raise ToolError(f"wasi:random: {count} bytes at once, at most {MOST} are given", "trap")
        return os.urandom(count)

    def number(self, _: Session) -> int:
        return int.from_bytes(os.urandom(8), "little")

    def seed(self, session: Session) -> tuple[int, int]:
        return self.number(session), self.number(session)


RANDOM: dict[str, Row] = rows(get_random_bytes=Random.bytes, get_random_u64=Random.number)
INSECURE: dict[str, Row] = rows(get_insecure_random_bytes=Random.bytes, get_insecure_random_u64=Random.number)
SEED: dict[str, Row] = rows(insecure_seed=Random.seed)
