# SPDX-License-Identifier: Apache-2.0
"""The engine as a shared library with compile-time switches of choice, for what the Python binding does not show."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

NATIVE = Path(__file__).resolve().parents[2] / "firmware/native"
UNUSED = 0xFFFFFFFF


class Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int), ("operator", ctypes.c_int32), ("builtin", ctypes.c_int32),
        ("name", ctypes.c_char_p), ("reason", ctypes.c_char_p), ("code", ctypes.c_uint8),
    ]  # fmt: skip


class Port(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p), ("name_length", ctypes.c_uint32), ("type", ctypes.c_int), ("rank", ctypes.c_uint32),
        ("shape", ctypes.c_int32 * 6), ("scale", ctypes.c_float), ("zero_point", ctypes.c_int32),
        ("bytes", ctypes.c_uint32), ("offset", ctypes.c_uint32), ("data", ctypes.c_void_p),
    ]  # fmt: skip


def build(folder: Path, *flags: str) -> ctypes.CDLL:
    target = folder / "engine.so"
    sources = [*sorted((NATIVE / "nn").glob("*.c")), NATIVE / "cancel.c"]
    command = ["gcc", "-shared", "-fPIC", "-std=c11", "-O1", f"-I{NATIVE}", *flags, *map(str, sources), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    library = ctypes.CDLL(str(target))
    library.nn_measure.restype = library.nn_attach.restype = library.nn_invoke.restype = ctypes.c_bool
    library.nn_load.restype = ctypes.c_void_p
    library.nn_activation_bytes.restype = ctypes.c_size_t
    library.nn_tensor_offset.restype = ctypes.c_uint32
    library.nn_plan_note.restype = ctypes.c_char_p
    library.nn_input.restype = library.nn_output.restype = Port
    return library


class Model:
    """A loaded model; ValueError says why it is refused."""

    def __init__(self, library: ctypes.CDLL, model: bytes) -> None:
        self.library, self.file, self.error = library, ctypes.create_string_buffer(model, len(model)), Error()
        size, bytes_ = ctypes.c_size_t(len(model)), ctypes.c_size_t()
        if not library.nn_measure(self.file, size, ctypes.byref(bytes_), ctypes.byref(self.error)):
            raise ValueError(self.error.reason.decode())
        self.table_bytes = bytes_.value
        self.tables = (ctypes.c_uint64 * (self.table_bytes // 8 + 1))()
        model_at = library.nn_load(self.file, size, self.tables, bytes_, ctypes.byref(self.error))
        if model_at is None:
            raise ValueError(self.error.reason.decode())
        self.model = ctypes.c_void_p(model_at)
        self.activation_bytes = int(library.nn_activation_bytes(self.model))
        self.memory = (ctypes.c_uint64 * (self.activation_bytes // 8 + 1))()
        library.nn_attach(self.model, self.memory, ctypes.c_size_t(self.activation_bytes), ctypes.byref(self.error))

    @property
    def inputs(self) -> list[Port]:
        return [self.library.nn_input(self.model, i) for i in range(self.library.nn_inputs(self.model))]

    @property
    def plan_note(self) -> str | None:
        note = self.library.nn_plan_note(self.model)
        return None if note is None else note.decode()

    def offsets(self, tensors: int) -> list[int]:
        return [self.library.nn_tensor_offset(self.model, ctypes.c_uint32(i)) for i in range(tensors)]

    def run(self, inputs: Sequence[bytes]) -> list[bytes]:
        for index, data in enumerate(inputs):
            port = self.library.nn_input(self.model, ctypes.c_uint32(index))
            ctypes.memmove(port.data, data, port.bytes)
        if not self.library.nn_invoke(self.model, ctypes.c_uint32(0), ctypes.byref(self.error)):
            raise ValueError(self.error.reason.decode())
        ports = [self.library.nn_output(self.model, i) for i in range(self.library.nn_outputs(self.model))]
        return [ctypes.string_at(port.data, port.bytes) for port in ports]
