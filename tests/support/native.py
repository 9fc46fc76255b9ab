# SPDX-License-Identifier: Apache-2.0
"""What tests that compile the native sources need to know of the build."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "firmware/native"
BINDING = ROOT / "firmware/cpython"
WASM3 = ROOT / "third_party/wasm3"


def wasm3_macros() -> list[str]:
    """The macros that shape wasm3's structures, as setup.py has them."""
    text = re.search(r"WASM3_CONFIG = (\[.*?\n\])", (ROOT / "setup.py").read_text(), re.DOTALL)
    assert text is not None
    return [f"-D{name}={value}" for name, value in ast.literal_eval(text.group(1))]
