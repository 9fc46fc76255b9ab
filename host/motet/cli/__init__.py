# SPDX-License-Identifier: Apache-2.0
"""The `motet` command: one module per group of commands, `main` puts them together."""
