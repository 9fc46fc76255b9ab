# SPDX-License-Identifier: Apache-2.0
"""Quantised TensorFlow Lite models, with the bytes of TensorFlow Lite Micro (0.dev20261023182759) on every CPU.

Operators: ADD, AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, MAX_POOL_2D, MEAN, PAD, QUANTIZE, RESHAPE,
SOFTMAX, TRANSPOSE; int8 activations and weights, quantised by tensor or by channel.
"""

from collections.abc import Sequence
from typing import TypeAlias, final

from typing_extensions import Buffer

#: name, shape, dtype ("int8", "uint8", "int16", "int32" or "float32"), scale (0.0: not quantised), zero point.
#: A quantised value q stands for the real number scale * (q - zero_point).
Tensor: TypeAlias = tuple[str, tuple[int, ...], str, float, int]

class Error(Exception):
    """A model cannot be loaded or run. The text says why, and where: ``operator 3 (CONV_2D): ...``."""

@final
class Model:
    """A model read in place from a bytes-like object, which is kept alive.

    :raises Error: the bytes are not a model, contradict themselves, or need something the engine does not have.
    :raises MemoryError: the arena does not fit the heap.
    """

    def __new__(cls, model: Buffer, /) -> Model: ...
    @property
    def inputs(self) -> tuple[Tensor, ...]: ...
    @property
    def outputs(self) -> tuple[Tensor, ...]: ...
    @property
    def operators(self) -> tuple[str, ...]:
        """Their TensorFlow Lite names, in the order they run."""

    @property
    def arena_bytes(self) -> int:
        """Memory taken besides the model itself: tables and activations."""

    @property
    def steps(self) -> int:
        """Most steps that a run may take, up to 2147483647; 0, the default, means no bound. A step is at most one output
        pixel or row of an operator, or 16,384 multiplications, whichever is more work."""

    @steps.setter
    def steps(self, value: int) -> None: ...
    @property
    def steps_used(self) -> int:
        """Steps that the last run took."""

    def predict(self, inputs: Sequence[Buffer], /) -> list[bytes]:
        """Copy the inputs in, run, copy the outputs out.

        :raises ValueError: the number of inputs or the size of one is wrong; says both numbers.
        :raises Error: cancelled, out of steps, or running in another thread.
        """

    def invoke(self) -> None:
        """Run on the inputs in place. A run reuses the memory of the inputs: fill them before each run.

        :raises Error: cancelled, out of steps, or running in another thread.
        """

    def input(self, index: int, /) -> memoryview:
        """Writable view of the bytes of an input. :raises IndexError:"""

    def output(self, index: int, /) -> bytes:
        """Copy of an output of the last run. :raises IndexError:"""
