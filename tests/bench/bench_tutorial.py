#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long the tutorial takes: from `motet new` to a tool's first answer from the emulated board, and for a change of it.

Follows the commands of docs/tutorial.md against a running system. Prints one JSON object as its last line; seconds by the clock,
compilers and caches as they are on this machine, without the time that people take to read.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.system import System  # noqa: E402
from tests.support.tutorial import follow  # noqa: E402


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="motet-tutorial-") as folder, System(Path(folder), "--quickstart"):
        new, test, install, change = follow(Path(folder))
    print(
        json.dumps(
            {
                "new_s": round(new.seconds, 2),
                "test_s": round(test.seconds, 2),
                "install_and_call_s": round(install.seconds, 2),
                "to_first_answer_s": round(new.seconds + test.seconds + install.seconds, 2),
                "rebuild_and_redeploy_s": round(change.seconds, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
