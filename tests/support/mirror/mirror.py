# SPDX-License-Identifier: Apache-2.0
"""What ``tests/e2e/test_python_on_gateway.py`` installs."""

import os
import random
import socket
import sys
import time

from bindings import About, Adding, Adding_Done, Adding_More, Err, Level, Message, capability, component, handler


def tried(attempt) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


@component
class Component:
    log = capability("log")
    store = capability("store")

    def __init__(self) -> None:
        self.count = self.ticked = self.at = self.end = self.total = 0
        self.topic = ""
        self.begun = False

    @handler
    def init(self) -> None:
        self.count = int.from_bytes(self.store.get("heard") or b"", "little")
        self.begun = True

    @handler
    def health(self) -> None:
        if not self.begun:
            raise Err("init comes first")

    @handler
    def shutdown(self) -> None:
        self.log.write(Level.INFO, "shut down")

    @handler
    def metadata(self) -> About:
        return About("mirror", "0.1.0", "answers")

    @handler
    def handle(self, message: Message) -> bytes:
        self.count += 1
        self.topic = message.topic
        self.store.set("heard", self.count.to_bytes(4, "little"))
        return message.data[::-1]

    @handler
    def heard(self) -> int:
        return self.count

    @handler
    def last(self) -> str:
        return self.topic

    @handler
    def ticks(self) -> int:
        return self.ticked

    @handler
    def look(self) -> list[str]:
        print("looking")
        began = time.monotonic()
        time.sleep(0.02)
        return [
            str(time.time() > 1_700_000_000 and time.monotonic() - began >= 0.02),
            str(random.SystemRandom().random() != random.SystemRandom().random()),
            f"{len(os.environ)} {sys.argv}",
            tried(lambda: open("/etc/passwd")),
            tried(lambda: os.listdir("/")),
            tried(socket.socket),
            repr(sys.stdin.read()),
        ]

    @handler
    def sum(self, to: int) -> None:
        if to > 1000:
            raise Err("at most 1000")
        self.at, self.end, self.total = 0, to, 0

    @handler
    def sum_step(self) -> Adding:
        self.at += 1
        self.total += self.at
        return Adding_Done(self.total) if self.at >= self.end else Adding_More((self.at, self.end))

    @handler
    def crash(self) -> None:
        raise RuntimeError("what a pity")

    @handler
    def tick(self) -> None:
        self.ticked += 1
