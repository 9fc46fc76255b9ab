# SPDX-License-Identifier: Apache-2.0
"""Metrics in a registry of their own (nothing global), with a bounded number of series.

Devices and tools name themselves, so their names are labels only up to a limit: beyond it they share the label `other`.
Otherwise a device that invents a new tool name every second would fill the memory of this process and of Prometheus.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.registry import Collector

# A second series for each, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

OTHER = "other"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class ToolMetrics:
    """The series of one tool of one device: counters by outcome, created when an outcome first happens."""

    __slots__ = ("_calls", "_device", "_outcomes", "_tool")

    def __init__(self, calls: Counter, device: str, tool: str) -> None:
        self._calls, self._device, self._tool = calls, device, tool
        self._outcomes: dict[str, Counter] = {}

    def count(self, outcome: str) -> None:
        """Count one call that ended with `outcome` (a short constant word, never text from outside)."""
        counter = self._outcomes.get(outcome)
        if counter is None:
            counter = self._outcomes[outcome] = self._calls.labels(self._device, self._tool, outcome)
        counter.inc()


class Metrics:
    """All metrics of one process; `text()` is what `/metrics` serves."""

    def __init__(self, max_series: int = 2000) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "motet_tool_calls", "Tool calls by device, tool and outcome.", ["device", "tool", "outcome"], registry=self.registry
        )
        self.call_seconds = Histogram(
            "motet_tool_call_seconds", "Time from a tool call to its answer.", buckets=_BUCKETS, registry=self.registry
        )
        self.refused = Counter("motet_http_refused", "HTTP requests refused, by reason.", ["reason"], registry=self.registry)
        self.shed = Counter("motet_shed", "Requests refused because of limits, by reason.", ["reason"], registry=self.registry)
        self.unknown = Counter("motet_unknown_tool_calls", "Calls that named no known tool.", registry=self.registry)
        self._max_series = max_series
        self._tools: dict[tuple[str, str], ToolMetrics] = {}

    def tool(self, device: str, tool: str) -> ToolMetrics:
        """The series of this tool; beyond `max_series` pairs, those of `other`/`other`."""
        found = self._tools.get((device, tool))
        if found is None:
            if len(self._tools) >= self._max_series:
                device = tool = OTHER
            found = self._tools.get((device, tool))
        if found is None:
            found = self._tools[device, tool] = ToolMetrics(self.calls, device, tool)
        return found

    def add(self, collector: Collector) -> None:
        """Ask `collector` at each scrape: for figures that something else counts already."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """The Prometheus text exposition (version 0.0.4)."""
        return generate_latest(self.registry)
