# SPDX-License-Identifier: Apache-2.0
"""Figures that others count already, read when `/metrics` is asked for: nothing to do while calls run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
        catalogue = self._front.catalogue
        devices = self._fleet.devices()
        online = sum(device.online for device in devices)
        states = {"online": online, "offline": len(devices) - online}
        yield _gauge("motet_devices", "Devices known, by state.", "state", states)
        yield GaugeMetricFamily(
            "motet_devices_awaited", "Of those online: not seen since the broker came back.", self._fleet.awaited
        )
        yield GaugeMetricFamily("motet_bus_connected", "1 while the broker is reachable.", int(self._fleet.unavailable is None))
        yield GaugeMetricFamily("motet_tools", "Tools that clients can see.", len(catalogue))
        yield _gauge("motet_tools_left_out", "Tools that clients cannot see, by reason.", "reason", catalogue.left_out())
        yield GaugeMetricFamily("motet_sessions", "Open sessions of clients from before 2026-07-28.", self._front.sessions)
        yield _counter("motet_dropped", "Messages dropped or refused, by reason.", "reason", self._fleet.counters())
        yield _counter("motet_bytes", "Bytes of messages to and from devices.", "direction", self._fleet.traffic())


def _gauge(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    return _labelled(GaugeMetricFamily(name, text, labels=[label]), values)


def _counter(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    return _labelled(CounterMetricFamily(name, text, labels=[label]), values)


def _labelled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, int]) -> Metric:
    for value, count in values.items():
        family.add_metric([value], count)
    return family
