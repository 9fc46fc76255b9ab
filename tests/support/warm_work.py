# SPDX-License-Identifier: Apache-2.0
"""Work for a warm sandbox: runs the program it is given."""

from __future__ import annotations

import sys


def main() -> None:
    """Standard input up to an empty line is the program, the rest its input."""
    program, _, rest = sys.stdin.buffer.read().partition(b"\n\n")
    exec(program, {"data": rest, "say": sys.stdout.write})
