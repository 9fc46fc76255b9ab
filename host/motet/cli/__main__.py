# SPDX-License-Identifier: Apache-2.0
"""`python -m motet.cli` is the `motet` command."""

from motet.cli.main import app

app(prog_name="motet")
