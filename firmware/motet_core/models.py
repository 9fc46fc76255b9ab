# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite models and the tool `models.predict`.

A model is read in place from the bytes it arrived in; its arena is one block of the heap, asked for when it is loaded.
"""

import struct

from motet_core import platform
from motet_core.errors import Cancelled, Refused, ToolError
from motet_core.platform import native
from motet_core.wire.packed import from_base64

_CODES = {"int8": "b", "uint8": "B", "int16": "h", "int32": "i", "float32": "f"}
# More numbers than this go into structuredContent only: the text would double a long answer.
_TEXT_VALUES = 32
_FLOAT32_MAX = 3.4028234663852886e38


class Models:
    """Tool host and artifact kind "model"."""

    blocking = True
    kind = "model"

    def __init__(self):
        self._models = {}
        self._load_ns = {}

    def tools(self):
        return ("models.predict",) if self._models else ()

    def describe(self, tool):
        tensor = {
            "type": ["string", "array"],
            "items": {"type": "number"},
            "description": "The input tensor: its bytes as base64, or its numbers. " + self._shapes(),
        }
        properties = {
            "model": {"type": "string", "enum": sorted(self._models)},
            "input": tensor,
            "reset": {"type": "boolean", "description": "First forget what the model remembers of earlier calls."},
        }
        required = ["model", "input"]
        if any(len(model.inputs) > 1 for model in self._models.values()):
            items = {"type": tensor["type"], "items": tensor["items"]}
            properties["inputs"] = {"type": "array", "items": items, "description": "All tensors, for a model with several."}
            required = ["model"]
        forgetful = not any(model.remembers for model in self._models.values())
        return {
            "name": tool,
            "title": "Run a model",
            "description": "Runs a TensorFlow Lite model on the device. Quantised models take and give raw quantised numbers; "
            "class is the index of the largest output and score its dequantised value.",
            "inputSchema": _object(properties, required),
            "annotations": {"readOnlyHint": True, "idempotentHint": forgetful, "openWorldHint": False},
        }

    def call(self, tool, arguments):
        model = self._models[arguments["model"]]
        data = _tensors(arguments, model.inputs)
        if arguments.get("reset"):
            model.reset()
        before = platform.instructions() if platform.instructions else 0
        start = platform.elapsed_ns()
        try:
            results = model.predict(data)
        except native().nn.Error as error:
            model.reset()  # a run that ended early leaves what the model remembers in between
            if native().cancel_pending():
                raise Cancelled("cancelled")
            raise ToolError("model %s: %s" % (arguments["model"], error))
        value = {"elapsed_ns": platform.elapsed_ns(start)}
        if platform.instructions:
            value["instructions"] = platform.instructions() - before
        return _answer(value, results, model.outputs)

    def load(self, name, revision, data, grant=None):
        """Prepares a model and puts it in the place of the one with its name. A model is granted nothing."""
        nn = native().nn
        start = platform.elapsed_ns()
        try:
            model = nn.Model(data)
        except (nn.Error, ValueError) as error:
            raise Refused("%s: %s" % (name, error))
        if not model.inputs:
            raise Refused("%s: has no inputs" % name)
        for tensor in tuple(model.inputs) + tuple(model.outputs):
            if tensor[2] not in _CODES:
                raise Refused("%s: tensor %s is %s" % (name, tensor[0], tensor[2]))
        self._models[name] = model
        self._load_ns[name] = platform.elapsed_ns(start)

    def model(self, name):
        """The motet_native.nn.Model of that name, or None."""
        return self._models.get(name)

    def facts(self, name):
        """What artifact.list tells of a model beside its name."""
        return {"arena_bytes": self._models[name].arena_bytes, "load_ns": self._load_ns[name]}

    def remove(self, name):
        self._models.pop(name, None)

    def reason(self, name):
        return None

    def counters(self):
        return {}

    def _shapes(self):
        shapes = []
        for name in sorted(self._models):
            tensors = ["%s %s" % (tensor[2], list(tensor[1])) for tensor in self._models[name].inputs]
            shapes.append("%s: %s" % (name, ", ".join(tensors)))
        return "; ".join(shapes)


def _object(properties, required):
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _tensors(arguments, tensors):
    """The bytes of each input, from the argument `input` or, of a model with several, `inputs`."""
    if len(tensors) == 1 and "input" in arguments and "inputs" not in arguments:
        return [_tensor(arguments["input"], tensors[0], "input")]
    given = arguments.get("inputs")
    if given is None or "input" in arguments or len(given) != len(tensors):
        kind = "input" if len(tensors) == 1 else "inputs with %d tensors" % len(tensors)
        raise ToolError("%s: expected %s" % (arguments["model"], kind), "arguments")
    pairs = zip(given, tensors)
    return [_tensor(value, tensor, "inputs[%d]" % index) for index, (value, tensor) in enumerate(pairs)]


def _tensor(value, tensor, name):
    """A value of the argument `name` -> bytes of the input tensor (name, shape, dtype, scale, zero point)."""
    code = _CODES[tensor[2]]
    count = 1
    for size in tensor[1]:
        count *= size
    if isinstance(value, str):
        data = from_base64(value)
        if data is None:
            raise ToolError("%s: not canonical base64" % name, "arguments")
        if len(data) != count * struct.calcsize(code):
            raise ToolError("%s: expected %d bytes, got %d" % (name, count * struct.calcsize(code), len(data)), "arguments")
        return data
    if len(value) != count:
        raise ToolError("%s: expected %d numbers, got %d" % (name, count, len(value)), "arguments")
    return _pack(value, code, tensor[2], name)


def _pack(values, code, dtype, name):
    size = struct.calcsize(code)
    data = bytearray(len(values) * size)
    most = _FLOAT32_MAX if code == "f" else (1 << (size * 8 - (code != "B"))) - 1
    least = 0 if code == "B" else -most if code == "f" else -most - 1
    for index, value in enumerate(values):
        # The range comes first: it also keeps out what is not finite, which int() would choke on.
        if not least <= value <= most or (code != "f" and int(value) != value):
            raise ToolError("%s[%d]: expected %s, %s to %s" % (name, index, dtype, least, most), "arguments")
        struct.pack_into("<" + code, data, index * size, value if code == "f" else int(value))
    return data


def _answer(value, results, outputs):
    numbers = []
    for data, tensor in zip(results, outputs):
        code = _CODES[tensor[2]]
        numbers.append(list(struct.unpack("<%d%s" % (len(data) // struct.calcsize(code), code), data)))
    first, (_, _, dtype, scale, zero) = numbers[0], outputs[0]
    value["class"] = first.index(max(first))
    value["score"] = max(first) if dtype == "float32" else (max(first) - zero) * scale
    text = None
    if sum([len(one) for one in numbers]) > _TEXT_VALUES:
        text = "class %d, score %s" % (value["class"], value["score"])
    value["outputs"] = numbers
    return value, text
