#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Assemble tests/dual/fixtures/*.wat into tests/dual/fixtures_wasm.py: MicroPython has no assembler, and a checkout without
wabt must run the tests. Needs wat2wasm (Debian: wabt). ``--check`` only says whether the file is current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests/dual/fixtures"
TARGET = FOLDER.parent / "fixtures_wasm.py"
HEADER = '''# SPDX-License-Identifier: Apache-2.0
"""Made by tools/make_fixtures.py from fixtures/*.wat; do not edit."""
# fmt: off
'''
COLUMNS = 120


def assemble(source: Path) -> bytes:
    """The binary module of one .wat file."""
    return subprocess.run(["wat2wasm", str(source), "--output=-"], check=True, stdout=subprocess.PIPE).stdout


def constant(source: Path) -> str:
    text = assemble(source).hex()
    lines = [f'    "{text[at : at + COLUMNS]}"' for at in range(0, len(text), COLUMNS)]
    return f"\n{source.stem.upper()} = bytes.fromhex(\n" + "\n".join(lines) + "\n)\n"


def generate() -> str:
    """The text of fixtures_wasm.py."""
    return HEADER + "".join(constant(source) for source in sorted(FOLDER.glob("*.wat")))


def main() -> int:
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text() == generate() else 1
    TARGET.write_text(generate())
    return 0


if __name__ == "__main__":
    sys.exit(main())
