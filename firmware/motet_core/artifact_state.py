# SPDX-License-Identifier: Apache-2.0
"""What a component has kept goes when it is uninstalled. Boards whose components keep nothing do not pay for it."""


def leaving(device, key):
    """An artifact is about to be removed -> what is to be called when it is gone."""
    values = None if device is None else device.storage.values
    if key[0] != "component" or values is None or not values.keys("c/" + key[1]):
        return lambda: None
    from motet_core.services import state

    state.leaving(values, key[1])
    return lambda: state.gone(values, key[1])


def finish(artifacts, values, log):
    """At a start: ends a removal that a loss of power has interrupted."""
    if values.get("core", "forget") is not None:
        from motet_core.services import state

        state.finish(values, lambda name: artifacts.installed("component", name) is not None, log)
