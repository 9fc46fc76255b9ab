# SPDX-License-Identifier: Apache-2.0
"""A model that runs in one thread while other threads go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import motet_native
import numpy as np
import pytest
from motet_native import nn
from tests.support.nn_builder import Tensor, one_operator, options

DEADLINE_S = 30


@pytest.fixture(autouse=True)
def no_cancel() -> Iterator[None]:
    yield
    motet_native.cancel(False)


@pytest.fixture
def slow() -> nn.Model:
    """A convolution of 2.4 thousand million products: it runs until it is cancelled."""
    image = Tensor((1, 256, 256, 64), 0.1)
    kernels = Tensor((64, 3, 3, 64), 0.01, value=np.ones((64, 3, 3, 64), np.int8))
    table = options("Conv2DOptions", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    return nn.Model(one_operator("CONV_2D", [image, kernels], image, table))


class Running:
    """A thread that runs the model and keeps its error."""

    def __init__(self, model: nn.Model) -> None:
        self.model = model
        self.error = ""
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        try:
            self.model.invoke()
        except nn.Error as error:
            self.error = str(error)

    def refusal(self) -> str:
        """What a second call says while the first runs."""
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            try:
                self.model.output(0)  # allowed until the thread has begun
            except nn.Error as error:
                return str(error)
        return "the model never ran"

    def cancel(self) -> None:
        motet_native.cancel()
        self.thread.join(DEADLINE_S)


def test_other_threads_go_on_while_a_model_runs_and_can_cancel_it(slow: nn.Model) -> None:
    running = Running(slow)
    refusal = running.refusal()
    running.cancel()
    assert refusal == "the model is running in another thread"
    assert running.error == "operator 0 (CONV_2D): cancelled"


def test_a_second_run_of_the_same_model_is_refused(slow: nn.Model) -> None:
    running = Running(slow)
    running.refusal()
    with pytest.raises(nn.Error, match="running in another thread"):
        slow.predict([bytes(256 * 256 * 64)])
    with pytest.raises(nn.Error, match="running in another thread"):
        slow.invoke()
    with pytest.raises(nn.Error, match="running in another thread"):
        slow.reset()
    running.cancel()
    assert not running.thread.is_alive()


def test_the_memory_of_a_model_is_given_back(slow: nn.Model) -> None:
    view = slow.input(0)
    data = bytes(view[:8])
    del slow
    assert bytes(view[:8]) == data  # the view keeps what it needs
    for _ in range(50):  # 8 MB each
        nn.Model(one_operator("RESHAPE", [Tensor((2048, 2048), 0.1)], Tensor((2048 * 2048,), 0.1), options("ReshapeOptions")))
