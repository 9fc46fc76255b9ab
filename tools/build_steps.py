# SPDX-License-Identifier: Apache-2.0
"""What every build in tools/ is made of: messages, needed programs, logged steps, fetched sources, one build at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "logs"


class BuildError(Exception):
    """The build cannot go on; the message says what is wrong and what to do."""


def say(text: str) -> None:
    print(f"build: {text}", file=sys.stderr, flush=True)


def need(program: str, packages: str) -> None:
    if not shutil.which(program):
        raise BuildError(f"{program} is missing; install it with: sudo apt-get install {packages}")


def run_logged(log: Path, command: list[str]) -> None:
    """Run a build step with its output in `log`; on a terminal the latest line shows the progress."""
    log.parent.mkdir(parents=True, exist_ok=True)
    live = sys.stderr.isatty()
    with log.open("w") as file, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            file.write(line)
            if live:
                print(f"\r\033[K  {line.strip()[:76]}", end="", file=sys.stderr, flush=True)
    if live:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if process.returncode:
        tail = "".join(log.read_text().splitlines(keepends=True)[-25:])
        raise BuildError(f"{command[0]} failed; the end of {log.relative_to(ROOT)}:\n{tail}")


def fetch(*names: str) -> None:
    """Bring third-party sources to third_party/; without names what every firmware needs."""
    # Its progress belongs to standard error: standard output may be one JSON object.
    if subprocess.run([sys.executable, str(ROOT / "tools/fetch.py"), *names], stdout=2).returncode:
        raise BuildError("the sources are not there; see above")


def micropython() -> Path:
    """The MicroPython source tree, fetched when it is not there."""
    need("make", "make")
    fetch()
    tree = Path(os.environ.get("MICROPYTHON_DIR") or ROOT / "third_party/micropython").resolve()
    if not (tree / "py/py.mk").is_file():
        raise BuildError(f"{tree} is no MicroPython source tree; MICROPYTHON_DIR names it")
    return tree


def mpy_cross() -> str:
    """Path of mpy-cross, built from the same sources as the interpreter."""
    need("gcc", "build-essential")
    done = subprocess.run([str(ROOT / "tools/mpy_cross.sh")], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise BuildError("mpy-cross does not build; see build/mpy-cross/build.log")
    return done.stdout.strip()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One build of a folder at a time, across processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare(folder: Path, options: str, mark: str = "board.mk") -> None:
    """Make rebuilds nothing when only compiler options change, so a folder built with others starts over. `options`: all of them,
    kept in the file `mark`."""
    kept = folder / mark
    if folder.exists() and any(folder.iterdir()) and not (kept.exists() and kept.read_text() == options):
        say("compiler options changed, building anew")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(options)


def freeze_anew(folder: Path, listing: str) -> None:
    """Freezing notices new and changed modules, not removed ones: it starts over when `listing`, the modules, is another."""
    mark = folder / "frozen.list"
    if not mark.exists() or mark.read_text() != listing:
        (folder / "frozen_content.c").unlink(missing_ok=True)
        mark.write_text(listing)
