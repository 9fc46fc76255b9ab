#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts skipped tests with their reasons. Under MOTET_CI a skip for any reason but absent model files is a failure."""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ET
from collections import Counter

# Models that are not part of the repository may be absent everywhere, CI included.
ALLOWED = "models folder"


def main() -> int:
    cases = [case for report in sys.argv[1:] for case in ET.parse(report).getroot().iter("testcase")]
    reasons = Counter(skip.get("message", "no reason given") for case in cases for skip in case.findall("skipped"))
    for reason, count in reasons.most_common():
        print(f"skipped {count}: {reason}")
    refused = [reason for reason in reasons if ALLOWED not in reason]
    if refused and os.environ.get("MOTET_CI"):
        print(f"{len(refused)} kind(s) of skip are not allowed in CI", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
