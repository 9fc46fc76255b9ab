# SPDX-License-Identifier: Apache-2.0
"""Random valid modules: admission admits each or refuses it by a rule, and both engines agree on what is admitted."""

from __future__ import annotations

import random
from collections import Counter

from motet import sandbox
from motet.components import features, normalise
from motet.components.admission import Target, admit
from motet.components.caps import Caps
from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest, parse

MODULES = 40
OFFERED = {
    ("fuzzing-support", f"log-{t}"): f"v({letter})" for t, letter in zip(("i32", "i64", "f32", "f64"), "iIfF", strict=True)
}
TARGET = Target(caps=Caps(functions=999, globals=999), imports=OFFERED)
TYPES = {"i": "s32", "I": "s64", "f": "f32", "F": "f64"}


def random_module(seed: int) -> bytes:
    """A valid module that binaryen grows from random bytes."""
    data = random.Random(seed).randbytes(1500)
    done = sandbox.run([normalise.tool(), *normalise.FEATURES, "-ttf", "-", "-o", "-"], data, normalise.BOUNDS)
    assert done.status == 0, done.errors
    return done.output


def every_export(module: bytes) -> Manifest:
    """A manifest that makes a tool of each of the first exports."""
    decoded = features.decode_profile(module)
    functions = [(item.name, decoded.signature(item.index)) for item in decoded.exports if item.kind == "func"]
    text = '[component]\nname = "fuzz"\nrevision = 1\ndescription = "d"\n[limits]\nmemory = 1048576\nfuel = 5000\nstack = 8192\n'
    for number, (name, signature) in enumerate(functions[:32]):
        params = ", ".join(f'{{ name = "p{n}", type = "{TYPES[t]}" }}' for n, t in enumerate(signature[2:-1]))
        text += f'[[tool]]\nname = "t{number}"\nexport = "{name}"\ndescription = "d"\nparams = [{params}]\n'
        text += "" if signature[0] == "v" else f'result = {{ type = "{TYPES[signature[0]]}" }}\n'
    return parse(text)


def test_random_modules_are_admitted_or_refused_by_a_rule_but_never_crash_an_engine() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(MODULES):
        module = random_module(seed)
        try:
            admit(module, every_export(module), TARGET)
            outcomes["admitted"] += 1
        except AdmissionError as error:
            # A crash would be "smoke", a wrong answer "equal".
            assert error.rule not in ("smoke", "equal", "engine", "normalise"), f"seed {seed}: {error}"
            outcomes[error.rule] += 1
    assert outcomes["admitted"] > MODULES // 2, outcomes
