# SPDX-License-Identifier: Apache-2.0
"""A child process that does not outlive its parent, however the parent ends."""

import contextlib
import os
import shutil
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path


class Child:
    """`command` running with its output in the file `log`; `inherit` are file descriptors it keeps.

    Raises OSError when it cannot be started.
    """

    def __init__(self, command: list[str], log: Path, inherit: tuple[int, ...] = ()) -> None:
        self._exited = threading.Event()
        started: Future[subprocess.Popen[bytes]] = Future()
        # The kernel sends the death signal when the *thread* that started the child ends, so that thread must live as
        # long as the child. It is a daemon: it ends with the interpreter, and takes the child along.
        arguments = (dying_with_parent(command), log, inherit, started)
        threading.Thread(target=self._run, args=arguments, name=f"child {command[0]}", daemon=True).start()
        self._process = started.result()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return not self._exited.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; False when it still runs after `timeout` seconds."""
        return self._exited.wait(timeout)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._exited.wait()

    def _run(self, command: list[str], log: Path, inherit: tuple[int, ...], started: "Future[subprocess.Popen[bytes]]") -> None:
        try:
            with log.open("ab") as output:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=inherit, start_new_session=True
                )
        except OSError as error:
            self._exited.set()
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()
        self._exited.set()


def dying_with_parent(command: list[str]) -> list[str]:
    """The command under setpriv (util-linux), which asks the kernel for the signal and becomes the command. To be started by a
    thread that lives as long as the command.

    A parent that died before setpriv could ask is found out by the shell in between: it has another parent then.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    return [setpriv, "--pdeathsig", "KILL", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid()), *command]
