# SPDX-License-Identifier: Apache-2.0
"""The configuration's [gateway] table and the gateway's options stay in step."""

from __future__ import annotations

from motet.config import Config, check, load
from motet.gateway.guard import security_settings
from motet.gateway.options import Options


def test_every_key_of_the_configuration_reaches_the_gateway():
    settings = Config().gateway
    options = Options.of(settings, "1.2.3")
    assert options.version == "1.2.3"
    for name, value in settings:
        assert getattr(options, name) == (tuple(value) if isinstance(value, list) else value)


def test_a_configuration_that_says_nothing_gives_the_defaults():
    assert Options.of(Config().gateway, "") == Options()


def test_lists_come_from_file_and_environment(tmp_path):
    file = tmp_path / "motet.toml"
    file.write_text('[gateway]\nallowed_hosts = ["gateway.example"]')
    options = Options.of(load(file, {"MOTET_GATEWAY__ALLOWED_ORIGINS": "https://a.example,https://b.example"}).gateway, "")
    assert options.allowed_hosts == ("gateway.example",)
    assert options.allowed_origins == ("https://a.example", "https://b.example")


def test_the_address_listened_on_and_its_pages_are_allowed():
    for host, name in (("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "[2001:db8::1]")):
        settings = security_settings(Options(host=host))
        assert {name, f"{name}:*", "localhost:*"} <= set(settings.allowed_hosts)
        assert {f"http://{name}:*", "https://localhost"} <= set(settings.allowed_origins)


def test_limits_come_from_file_and_environment_and_odd_ones_are_named(tmp_path):
    file = tmp_path / "motet.toml"
    file.write_text("[limits]\ncaller_per_s = 7\nlag_s = 0\n[limits.devices]\npress-1 = 0.5\n")
    limits = load(file, {"MOTET_LIMITS__AT_ONCE": "9"}).limits
    assert (limits.caller_per_s, limits.lag_s, limits.devices, limits.at_once) == (7.0, 0.0, {"press-1": 0.5}, 9)
    file.write_text('[limits]\ncaller_per_s = -1\nlisteners = "many"\nnone = 1\n[limits.devices]\n"no id" = 1\nx = inf\n')
    assert [problem.line for problem in check(file)] == [2, 3, 4, 6, 7]
