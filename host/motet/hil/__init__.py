# SPDX-License-Identifier: Apache-2.0
"""Suites of Robot Framework on emulated and attached boards, some at once, with reports for people and machines."""

from motet.emulate.keywords.job import FAIL_STRINGS
from motet.hil.files import write
from motet.hil.model import BoardRun, Case, HilError, Run, Status
from motet.hil.run import Hil, Options
from motet.hil.summary import summary
from motet.hil.targets import Target, suites, targets

__all__ = [
    "FAIL_STRINGS",
    "BoardRun",
    "Case",
    "Hil",
    "HilError",
    "Options",
    "Run",
    "Status",
    "Target",
    "suites",
    "summary",
    "targets",
    "write",
]
