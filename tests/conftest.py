# SPDX-License-Identifier: Apache-2.0
"""What every suite needs of this process."""

import signal

import pytest

# Started in the background of a shell, we would ignore Ctrl-C, and so would every program that a test starts and stops.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """Coroutines are tested on the product's own loop."""
    return "asyncio"
