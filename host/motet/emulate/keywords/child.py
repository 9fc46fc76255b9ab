# SPDX-License-Identifier: Apache-2.0
"""The process that runs one job: ``python -m motet.emulate.keywords.child JOB.json EVENTS``. Robot is made for one at a time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import robot

from motet.emulate.keywords.job import Job
from motet.emulate.keywords.listener import Inject, Listener, prepare, to_file


def options(job: Job) -> dict[str, Any]:
    """Robot's options for a job."""
    variables = {"EMULATOR": "attached" if job.attached else "motet", "BOARD": job.board, **job.variables}
    if job.firmware is not None:
        variables["FIRMWARE"] = str(job.firmware)
    return {
        "name": job.name,
        "outputdir": str(job.output),
        "output": "output.xml",
        "xunit": "junit.xml",
        "log": "NONE",
        "report": "NONE",
        "console": "none",
        "include": list(job.include),
        "exclude": list(job.exclude),
        "exitonfailure": job.fail_fast,
        "variable": [f"{name}:{value}" for name, value in variables.items()],
    }


def run(job: Job, events: Any) -> int:
    listener = Listener(job, to_file(events))
    prepare(job, listener.watch)
    suites = [str(path) for path in job.suites]
    return int(robot.run(*suites, listener=[listener], prerunmodifier=[Inject()], **options(job)))


def main() -> None:
    job = Job.loads(Path(sys.argv[1]).read_text())
    with os.fdopen(int(sys.argv[2]), "w") as events:
        sys.exit(run(job, events))


if __name__ == "__main__":
    main()
