# SPDX-License-Identifier: Apache-2.0
"""Figures that others count already, read when `/metrics` is asked for: nothing to do while calls run."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from motet.fleet import Fleet
from motet.gateway.front import Front


class FleetCollector(Collector):
    """Devices, tools, broker connection, bytes and drops."""

    def __init__(self, fleet: Fleet, front: Front) -> None:
        self._fleet, self._front = fleet, front

    def describe(self) -> list[Metric]:
        """Nothing to compare at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One pass over the fleet."""
        online = [device.online for device in self._fleet.devices()]
        devices = GaugeMetricFamily("motet_devices", "Devices known, by state.", labels=["state"])
        devices.add_metric(["online"], sum(online))
        devices.add_metric(["offline"], len(online) - sum(online))
        yield devices
        yield GaugeMetricFamily("motet_bus_connected", "1 while the broker is reachable.", int(self._fleet.unavailable is None))
        yield GaugeMetricFamily("motet_tools", "Tools that clients can see.", len(self._front.catalogue))
        left_out = GaugeMetricFamily("motet_tools_left_out", "Tools that clients cannot see, by reason.", labels=["reason"])
        for kind, count in self._front.catalogue.left_out().items():
            left_out.add_metric([kind], count)
        yield left_out
        yield GaugeMetricFamily("motet_sessions", "Open sessions of clients from before 2026-07-28.", len(self._front.sessions))
        for name, value in self._fleet.counters().items():
            yield CounterMetricFamily(f"motet_fleet_{name}", f"Fleet: {name.replace('_', ' ')}.", value)
