#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything `make test` stands for, in the order that fails soonest.
set -euo pipefail
cd "$(dirname "$0")/.."
py=.venv/bin/python
tools/lint.sh
$py tools/build.py edge
for board in stm32f405 virt_rv32 mps2_an385 mps2_an386 mps3_an547 esp32c3 rp2040; do $py tools/build.py firmware "$board"; done
$py -m motet.components.build examples/vote
mkdir -p build/reports
status=0
# Side by side: what needs processors only, and what waits for emulators, brokers and processes.
$py -m pytest -q --junitxml build/reports/unit.xml tests/unit tests/dual > build/reports/unit.log 2>&1 &
unit=$!
trap 'kill "$unit" 2> /dev/null || true' EXIT
$py -m pytest -q --junitxml build/reports/system.xml tests/board tests/e2e examples || status=$?
wait "$unit" || status=$?
trap - EXIT
cat build/reports/unit.log
$py tools/run_robot.py -j2 || status=1
$py tools/check_skips.py build/reports/unit.xml build/reports/system.xml || status=1
exit $status
