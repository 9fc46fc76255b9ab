# SPDX-License-Identifier: Apache-2.0
"""One configuration for every part: motet.toml, MOTET_* overrides, defaults. An empty or missing file is valid.

    [gateway]
    port = 8765

is overridden by `MOTET_GATEWAY__PORT=9000` in the environment.
"""

from motet.config.limits import Limits
from motet.config.load import DEFAULT_FILE, ConfigError, Problem, check, keys, load, unknown
from motet.config.schema import Auth, Broker, Config, Emulated, Gateway, Log, Serial, State, Token
from motet.config.views import Group, VirtualServer

__all__ = [
    "DEFAULT_FILE",
    "Auth",
    "Broker",
    "Config",
    "ConfigError",
    "Emulated",
    "Gateway",
    "Group",
    "Limits",
    "Log",
    "Problem",
    "Serial",
    "State",
    "Token",
    "VirtualServer",
    "check",
    "keys",
    "load",
    "unknown",
]
