#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The C sources that are ours, one a line.
cd "$(dirname "$0")/.." && git ls-files -co --exclude-standard '*.c' '*.h'
