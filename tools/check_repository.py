#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules no linter knows: licence headers, no registry hosts or machine paths, files and functions of readable size."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from statistics import mean, median

ROOT = Path(__file__).resolve().parent.parent
SOURCE = {".py", ".pyi", ".c", ".h", ".sh", ".S"}
GENERATED = {"tests/dual/fixtures_nn.py", "tests/dual/fixtures_wasm.py"}
MAX_LINES = 300
FORBIDDEN = {
    "a registry's host name": re.compile("pypi" + r"\.org|python" + r"hosted|npm" + r"js\.|deb" + r"\.debian\.org"),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:root|work|home/\w+)/"),
    "an unfinished note": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"),
}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def problems(path: Path) -> list[str]:
    name, text = path.relative_to(ROOT).as_posix(), text_of(path)
    found = [f"{name}: contains {what}: {hit.group()}" for what, rule in FORBIDDEN.items() if (hit := rule.search(text))]
    if path.suffix in SOURCE and text.strip():
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.splitlines()[:3]):
            found.append(f"{name}: no SPDX header in the first three lines")
        if len(text.splitlines()) > MAX_LINES and name not in GENERATED:
            found.append(f"{name}: {len(text.splitlines())} lines, at most {MAX_LINES}: split it")
    return found


def function_sizes(path: Path) -> list[int]:
    nodes = ast.walk(ast.parse(text_of(path)))
    return [(n.end_lineno or n.lineno) - n.lineno + 1 for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def sizes(paths: list[Path]) -> str:
    code = [p for p in paths if p.suffix in {".py", ".c"} and p.relative_to(ROOT).parts[0] in {"host", "firmware"}]
    functions = [size for p in code if p.suffix == ".py" for size in function_sizes(p)]
    lines = [len(text_of(p).splitlines()) for p in code]
    files = f"{len(code)} product files, median {median(lines):.0f} lines"
    return f"{files}; {len(functions)} Python functions, mean {mean(functions):.1f} lines"


def main() -> int:
    paths = tracked()
    found = [problem for path in paths for problem in problems(path)]
    print("\n".join(found) or f"repository: {sizes(paths)}", file=sys.stderr if found else sys.stdout)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
