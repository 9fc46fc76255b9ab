# SPDX-License-Identifier: Apache-2.0
"""The import motet:nn/inference, on the models that are installed."""

from motet_core.capability import EMPTY, VALUE, Capability, too_often
from motet_core.errors import Busy, Cancelled, Denied, MotetError, NotFound
from motet_core.grant_limits import Bucket, Names
from motet_core.platform import native

_MAX_STEPS = 0x7FFFFFFF
_ELEMENTS = {"bool": "boolean"}


class Typed(MotetError):
    """`word`: the case of the contract's error."""

    def __init__(self, message, word):
        super().__init__(message)
        self.word = word


class Models(Capability):
    def use(self, entries):
        self._names = Names([(pattern, Bucket(rate)) for pattern, rate in entries])

    def word(self, error):
        if isinstance(error, Typed):
            return error.word
        for kind, word in ((NotFound, "not-found"), (Busy, "busy"), (Cancelled, "cancelled")):
            if isinstance(error, kind):
                return word
        return "failed"

    def check(self, name, inputs=None, steps=0):
        bucket = self._names.find(name)
        if bucket is None:
            raise Denied("the model %s is not granted" % name[:64])
        if bucket.rate and not bucket.take():
            raise too_often()

    def revision(self, name):
        self._model(name)
        return self.device.artifacts.installed("model", name)["revision"]

    def inputs(self, name):
        return [_info(tensor) for tensor in self._model(name).inputs]

    def outputs(self, name):
        return [_info(tensor) for tensor in self._model(name).outputs]

    def run(self, name, inputs, steps):
        model = self._model(name)
        model.steps = min(steps, _MAX_STEPS)
        try:
            return model.predict([bytes(data) for data in inputs])
        except ValueError as error:
            raise Typed(str(error), "wrong-size")
        except native().nn.Error as error:
            raise self._ended(model, str(error))
        finally:
            # The bound is this run's, not the next one's.
            model.steps = 0

    def _ended(self, model, why):
        if "another thread" in why:
            return Busy(why)
        model.reset()
        if native().cancel_pending():
            return Cancelled(why)
        return Typed(why, "out-of-steps" if "steps" in why else "failed")

    def reset(self, name):
        self._model(name).reset()

    def _model(self, name):
        model = self.device.artifacts.model(name)
        if model is None:
            raise NotFound("no such model")
        return model


def _info(tensor):
    _, shape, dtype, scale, zero = tensor
    count = 1
    for extent in shape:
        count *= extent
    size = 1 if dtype == "bool" else int("".join([char for char in dtype if char.isdigit()])) // 8
    element = _ELEMENTS.get(dtype, dtype)
    return {"element": element, "shape": list(shape), "scale": scale, "zero-point": zero, "byte-length": count * size}


FUNCTIONS = {
    "Models": {
        "revision": (Models.check, Models.revision, VALUE),
        "inputs": (Models.check, Models.inputs, VALUE),
        "outputs": (Models.check, Models.outputs, VALUE),
        "run": (Models.check, Models.run, VALUE),
        "reset": (Models.check, Models.reset, EMPTY),
    }
}
