# SPDX-License-Identifier: Apache-2.0
"""The emulator's manners without a board: what it refuses, and that nothing stays behind."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from motet import boards
from motet.emulate import Emulator, EmulatorError
from motet.emulate.process import Child


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: object, patience: float = 20.0) -> bool:
    deadline = time.monotonic() + patience
    assert callable(condition)
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_missing_image_is_named_with_the_command_that_builds_it(tmp_path: Path) -> None:
    emulator = Emulator("stm32f405", firmware=tmp_path / "none.elf")
    with pytest.raises(EmulatorError, match=r"no firmware at .*none\.elf|is missing; install it with"):
        emulator.start()
    emulator.close()


def test_a_missing_qemu_is_named_with_the_package_that_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmulatorError, match="qemu-system-arm is missing; install it with: sudo apt-get install qemu-system-arm"):
        Emulator("stm32f405", firmware=tmp_path / "none.elf").start()


def test_what_qemu_says_when_it_refuses_to_run_is_in_the_error(tmp_path: Path) -> None:
    program = tmp_path / "qemu-system-arm"
    program.write_text("#!/bin/sh\necho 'unsupported machine type' >&2\nexit 1\n")
    program.chmod(0o755)
    image = tmp_path / "firmware.elf"
    image.write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        with pytest.raises(EmulatorError, match="ended at once: unsupported machine type"), Emulator("stm32f405", image):
            pass


@pytest.fixture
def fake_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Emulator]:
    """Makes an emulator whose QEMU runs the given Python instead, with a client of its control socket as `client`."""

    def make(program: str) -> Emulator:
        target = tmp_path / "qemu-system-arm"
        target.write_text(
            f"#!{sys.executable}\nimport signal, socket, sys\nlistener = socket.socket(socket.AF_UNIX)\n"
            "listener.bind(sys.argv[sys.argv.index('-qmp') + 1].split(':', 1)[1].split(',')[0])\nlistener.listen()\n"
            f"client = listener.accept()[0]\n{program}\n"
        )
        target.chmod(0o755)
        image = tmp_path / "firmware.elf"
        image.write_bytes(b"")
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return Emulator("stm32f405", image)

    return make


def test_a_qemu_that_ends_while_it_is_being_greeted_is_quoted_too(fake_qemu: Callable[[str], Emulator]) -> None:
    with (
        pytest.raises(EmulatorError, match="ended at once: Could not load kernel"),
        fake_qemu("sys.exit('Could not load kernel')"),
    ):
        pass


def test_a_qemu_that_hangs_up_is_an_error_of_the_emulator(fake_qemu: Callable[[str], Emulator]) -> None:
    program = "client.sendall(b'{}\\n'); client.recv(99); client.sendall(b'{\"return\": {}}\\n'); client.recv(99)"
    with fake_qemu(f"{program}; client.close(); signal.pause()") as emulator:
        with pytest.raises(EmulatorError, match="stm32f405: cannot read 4 bytes at 0x20000000: "):
            emulator.read_memory(0x2000_0000, 4)
        assert emulator.running


def test_the_port_is_reserved_before_the_start_and_given_back_after_close(tmp_path: Path) -> None:
    emulator = Emulator("stm32f405", firmware=tmp_path / "none.elf")
    port = emulator.port
    assert emulator.url == f"socket://127.0.0.1:{port}" and not emulator.running and emulator.pid is None
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    emulator.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_board_without_an_emulator_is_refused() -> None:
    board = boards.load("stm32f405").model_copy(update={"emulate": None})
    with pytest.raises(EmulatorError, match=r"stm32f405: board\.toml has no \[emulate\]"):
        Emulator(board)


def test_control_of_a_board_that_is_off_is_refused(tmp_path: Path) -> None:
    emulator = Emulator("stm32f405", firmware=tmp_path / "none.elf")
    with pytest.raises(EmulatorError, match="stm32f405 is not running"):
        emulator.reset()
    emulator.stop()
    emulator.close()


def test_a_child_that_cannot_be_started_raises_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError):
        Child([str(tmp_path / "nothing")], tmp_path / "log")


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from motet.emulate.process import Child\n"
        f"print(Child(['sleep', '600'], Path({str(tmp_path / 'log')!r})).pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=_environment()) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    assert eventually(lambda: not alive(child))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
