# SPDX-License-Identifier: Apache-2.0
"""What a run leaves in its folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from motet.hil.junit import junit
from motet.hil.model import Run
from motet.hil.report import html
from motet.hil.summary import summary
from motet.paths import repository

REPORT, JUNIT, SUMMARY, LCOV = "report.html", "junit.xml", "summary.json", "coverage.info"


def write(run: Run, folder: Path) -> dict[str, Path]:
    """Write report, JUnit XML, summary, and coverage when there is some; their paths by name. Raises OSError."""
    root = repository()
    sources = root / "firmware" if root else None
    texts = {REPORT: html(run, sources), JUNIT: junit(run), SUMMARY: json.dumps(summary(run), indent=1) + "\n"}
    if run.coverage is not None and sources is not None:
        texts[LCOV] = run.coverage.lcov(sources)
    else:
        (folder / LCOV).unlink(missing_ok=True)
    for name, text in texts.items():
        # Whoever reads it meanwhile sees the old one or the new one, whole.
        fresh = folder / f".{name}.new"
        fresh.write_text(text, encoding="utf-8", errors="replace")
        os.replace(fresh, folder / name)
    return {name: folder / name for name in texts}
