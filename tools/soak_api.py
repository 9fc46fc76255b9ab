#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""schemathesis on the HTTP API of a gateway process, with many requests to each operation, within its document and beyond.

Prints one JSON object and exits with 1 when an answer was not what the document says, or the gateway's log holds a failure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.api_fuzz import ApiFuzz
from tests.support.gateway_process import GatewayProcess
from tests.support.virtual_fleet import VirtualFleet

DEVICES = ["one", "two"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=500, help="requests of either kind to each operation")
    options, start = parser.parse_args(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="motet-soak-") as folder, GatewayProcess(Path(folder)) as gateway:
        fleet = VirtualFleet(gateway.broker, "motet", DEVICES)
        try:
            asyncio.run(fleet.start())
            fuzz = ApiFuzz(gateway.base, DEVICES)
            fuzz.run(options.examples)
        finally:
            fleet.kill()
        log = gateway.failures()[:5]
    seconds = round(time.monotonic() - start, 1)
    print(json.dumps({"requests": dict(fuzz.requests), "failures": fuzz.failures, "log_failures": log, "seconds": seconds}))
    return int(bool(fuzz.failures or log))


if __name__ == "__main__":
    sys.exit(main())
