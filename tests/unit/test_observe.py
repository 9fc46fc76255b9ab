# SPDX-License-Identifier: Apache-2.0
"""Logs hold no secrets and no forged lines; metrics stay small however many names there are."""

from __future__ import annotations

import io
import json
import logging

import pytest

from motet.observe import Metrics, redact, setup_logging


@pytest.fixture
def log():
    """A logger whose lines go to a text buffer; the root logger is put back afterwards."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    level, stream = root.level, io.StringIO()

    def using(fmt, **options):
        setup_logging(fmt=fmt, stream=stream, **options)
        return logging.getLogger("motet.test"), stream.getvalue

    yield using
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("mqtt://user:hunter2@broker:1883/x", "mqtt://user:***@broker:1883/x"),
        ("mqtt://:hunter2@broker", "mqtt://:***@broker"),
        ("password=hunter2 next", "password=*** next"),
        ('{"token": "hunter2"}', '{"token": "***"}'),
        ("Authorization: Bearer hunter2", "Authorization: ***"),
        ("api_key=hunter2&x=1", "api_key=***&x=1"),
        ("mqtt://broker:1883", "mqtt://broker:1883"),
        ("the token of a session", "the token of a session"),
    ],
)
def test_secrets_are_replaced(text, clean):
    assert redact(text) == clean


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_no_secret_gets_out_by_message_argument_or_exception(log, fmt):
    logger, lines = log(fmt)
    try:
        raise OSError("cannot reach mqtt://me:hunter2@broker")
    except OSError:
        logger.exception("connecting to %s", "mqtt://me:hunter2@broker")
    logger.warning("tried", extra={"url": "mqtt://me:hunter2@broker"})
    assert "hunter2" not in lines()
    assert "***" in lines()


def test_text_from_outside_cannot_forge_a_line_or_reach_the_terminal(log):
    logger, lines = log("text")
    logger.warning("device said: %s", "hello\n12:00:00 ERROR all is lost\x1b[31m\u2028")
    assert lines().count("\n") == 1
    assert "\x1b" not in lines()


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_a_huge_message_is_cut(log, fmt):
    logger, lines = log(fmt)
    logger.warning("device said %s", "x" * 1_000_000)
    assert len(lines()) < 5000
    assert "more characters" in lines()


def test_a_json_line_holds_time_level_logger_message_and_extras(log):
    logger, lines = log("json")
    logger.warning("left out: %s", "tool", extra={"device": "pump", "count": 3})
    entry = json.loads(lines())
    assert entry.pop("time") > 0
    assert entry == {"level": "warning", "logger": "motet.test", "message": "left out: tool", "device": "pump", "count": 3}


def test_a_json_line_stays_one_line_with_an_exception(log):
    logger, lines = log("json")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("failed")
    assert lines().count("\n") == 1
    assert "ValueError" in json.loads(lines())["exception"]


def test_the_level_is_kept_and_setting_up_twice_does_not_double_lines(log):
    log("text", level="warning")
    logger, lines = log("text", level="warning")
    logger.info("not this")
    logger.warning("but this")
    assert lines().count("\n") == 1
    assert "but this" in lines()


@pytest.mark.parametrize("options", [{"level": "loud"}, {"fmt": "xml"}])
def test_an_unknown_level_or_format_is_refused(options):
    with pytest.raises(ValueError, match="unknown log"):
        setup_logging(**options)


def test_calls_are_counted_by_device_tool_and_outcome():
    metrics = Metrics()
    metrics.tool("pump", "vote.push").count("ok")
    metrics.tool("pump", "vote.push").count("ok")
    metrics.tool("pump", "vote.push").count("timeout")
    text = metrics.text().decode()
    assert 'motet_tool_calls_total{device="pump",outcome="ok",tool="vote.push"} 2.0' in text
    assert 'motet_tool_calls_total{device="pump",outcome="timeout",tool="vote.push"} 1.0' in text


def test_names_without_end_make_no_series_without_end():
    metrics = Metrics(max_series=10)
    for number in range(1000):
        metrics.tool(f"device{number}", "x").count("ok")
    lines = [line for line in metrics.text().decode().splitlines() if line.startswith("motet_tool_calls_total")]
    assert len(lines) == 11
    assert 'motet_tool_calls_total{device="other",outcome="ok",tool="other"} 990.0' in lines
