# SPDX-License-Identifier: Apache-2.0
"""Quantised TensorFlow Lite models, with the bytes of TensorFlow Lite Micro (0.dev20261023182759) on every CPU.

Operators of int8, quantised by tensor or by channel: ADD, ARG_MAX, AVERAGE_POOL_2D, CONCATENATION, CONV_2D, DEPTHWISE_CONV_2D,
DEQUANTIZE, EXPAND_DIMS, FULLY_CONNECTED, HARD_SWISH, LEAKY_RELU, LOGISTIC, MAXIMUM, MAX_POOL_2D, MEAN, MINIMUM, MUL, PACK, PAD,
PADV2, PRELU, QUANTIZE, REDUCE_MAX, RELU, RELU6, RELU_N1_TO_1, RESHAPE, RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR, SHAPE, SLICE,
SOFTMAX, SPLIT, SQUEEZE, STRIDED_SLICE, SUB, SVDF, TANH, TRANSPOSE, TRANSPOSE_CONV, UNIDIRECTIONAL_SEQUENCE_LSTM. Those that only
move elements do so for any type.

Of int16 activations with int8 weights: ADD, CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, LOGISTIC, MUL, SOFTMAX, SUB, TANH. Of
float32: ADD, AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, LOGISTIC, MAX_POOL_2D, MEAN, MUL, QUANTIZE, RELU,
RELU6, SOFTMAX, SUB. Of plain int32: ADD, CAST, DIV, MAXIMUM, MINIMUM, MUL. Features of sound: SignalEnergy, SignalFftAutoScale,
SignalFilterBank, SignalFilterBankLog, SignalFilterBankSpectralSubtraction, SignalFilterBankSquareRoot, SignalPCAN, SignalRfft,
SignalWindow.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TypeAlias, final

from typing_extensions import Buffer

#: name, shape, dtype ("int8", "uint8", "int16", "int32", "int64", "uint32", "uint64", "bool" or "float32"), scale (0.0:
#: not quantised), zero point.
#: A quantised value q stands for the real number scale * (q - zero_point).
Tensor: TypeAlias = tuple[str, tuple[int, ...], str, float, int]

#: The bytes of an input, or what writes them into the memory of the input that it is given.
_Source: TypeAlias = Buffer | Callable[[memoryview], object]

class Error(Exception):
    """A model cannot be loaded or run. The text says why, and where: ``operator 3 (CONV_2D): ...``."""

@final
class Model:
    """A model read in place from a bytes-like object, which is kept alive; or, where there are files, from one that is named.

    :raises Error: the bytes are not a model, contradict themselves, or need something the engine does not have.
    :raises MemoryError: the arena does not fit the heap.
    :raises OSError: the file cannot be read.
    """

    def __new__(cls, model: Buffer | str | PathLike[str], /) -> Model: ...
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
    def remembers(self) -> bool:
        """Whether a run depends on earlier ones, until ``reset``."""

    @property
    def steps(self) -> int:
        """Most steps that a run may take, up to 2147483647; 0, the default, means no bound. A step is at most one output
        pixel or row of an operator, or 16,384 multiplications, whichever is more work."""

    @steps.setter
    def steps(self, value: int) -> None: ...
    @property
    def steps_used(self) -> int:
        """Steps that the last run took."""

    def predict(self, inputs: Sequence[_Source], /) -> list[bytes]:
        """Copy the inputs in, run, copy the outputs out. A callable among the inputs is called with a writable view of its
        input and fills it; what it raises ends the call.

        :raises ValueError: the number of inputs or the size of one is wrong; says both numbers.
        :raises Error: cancelled, out of steps, or running in another thread.
        """

    def invoke(self) -> None:
        """Run on the inputs in place. A run reuses the memory of the inputs: fill them before each run.

        :raises Error: cancelled, out of steps, or running in another thread.
        """

    def profile(self) -> list[tuple[str, int]]:
        """Run as ``invoke`` does -> name and cost of each operator, in their order. Costs are nanoseconds where there is an
        operating system, else what ``motet_port.cycles`` counts: clock cycles, on RISC-V instructions; under an emulator that
        counts instructions, instructions times a constant.

        :raises Error: as ``invoke``.
        """

    def reset(self) -> None:
        """Forget what the model remembers of earlier runs, as if it had just been loaded: the state of SVDF, LSTM and
        noise estimates. Needed between two independent series of inputs, and after a run that ended early.

        :raises Error: running in another thread.
        """

    def input(self, index: int, /) -> memoryview:
        """Writable view of the bytes of an input. :raises IndexError:"""

    def _plan(self, count: int, /) -> tuple[str | None, list[int]]:
        """For the packer, on CPython alone: why the plan in the file is not used (None: it is), and offsets of the first
        ``count`` tensors in the activations, 0xFFFFFFFF for those that have none."""

    def output(self, index: int, /) -> bytes:
        """Copy of an output of the last run. :raises IndexError:"""
