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
$py -m pytest -q --junitxml build/reports/tests.xml tests examples || status=$?
$py tools/run_robot.py -j2 || status=1
$py tools/check_skips.py build/reports/tests.xml || status=1
exit $status
