# SPDX-License-Identifier: Apache-2.0
"""Tests for components: the same test on wasmtime, on the device engine and on an emulated board.

    from motet.components.testing import Host, ToolError

    def test_it_counts(component):                      # a fresh component for each test and each engine
        assert component.call("add", {"amount": 2}) == 2

    @pytest.mark.components(on=["native", "stm32f405"])
    def test_there(component): ...

    def test_a_sensor_that_fails(component, host):      # what the component imports is played by `host`
        host.fails("sensors.read", "unavailable")
        with pytest.raises(ToolError, match="no reading"):
            component.call("level", {})

The component is that of the nearest folder above the test with a Component.toml. Without marker the engines are those of the
environment variable MOTET_TEST_ON (names with commas between), else wasmtime and native.
"""

from motet.components.testing.component import Component, open_component
from motet.components.testing.hosts import Host, NotPlayed
from motet_core.errors import ToolError

__all__ = ["Component", "Host", "NotPlayed", "ToolError", "open_component"]
