#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Style, types, import order and the rules of the repository. Every check runs; any finding fails.
set -uo pipefail
cd "$(dirname "$0")/.."
status=0
check() {
    local name=$1
    shift
    printf 'lint: %s\n' "$name"
    "$@" || { printf 'lint: %s FAILED\n' "$name" >&2; status=1; }
}
check "ruff" .venv/bin/ruff check -q .
check "ruff format" .venv/bin/ruff format --check -q .
check "mypy" .venv/bin/mypy --no-error-summary
check "import order" .venv/bin/lint-imports --no-logo
check "clang-format" bash -c 'tools/c_files.sh | xargs .venv/bin/clang-format --dry-run --Werror'
check "contracts" .venv/bin/python tools/check_wit.py
check "repository rules" .venv/bin/python tools/check_repository.py
exit $status
