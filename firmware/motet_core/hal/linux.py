# SPDX-License-Identifier: Apache-2.0
"""The sensors that Linux itself offers: /sys/class/thermal and /sys/class/hwmon."""

import os

# Prefix of a hwmon file, unit, divisor (kernel documentation, hwmon/sysfs-interface).
_HWMON = (("temp", "Cel", 1000), ("in", "V", 1000), ("fan", "rpm", 1), ("power", "W", 1000000), ("curr", "A", 1000))


class SysfsSensor:
    """A file with one integer that is `divisor` times the value in `unit`."""

    def __init__(self, name, path, unit, divisor):
        self.name = name
        self._path = path
        self._unit = unit
        self._divisor = divisor

    def about(self):
        return {"name": self.name, "description": "Linux " + self._path, "unit": self._unit}

    def read(self):
        """OSError when the kernel does not answer, or not with a number."""
        try:
            return {"value": int(_text(self._path)) / self._divisor, "unit": self._unit}
        except ValueError:
            raise OSError("%s holds no number" % self._path)


def sensors(root="/sys/class"):
    """Everything below `root` that reads as a number; an empty list where there is no such folder."""
    return _thermal(root + "/thermal") + _hwmon(root + "/hwmon")


def _thermal(folder):
    found = []
    for zone in _entries(folder):
        path = "%s/%s/temp" % (folder, zone)
        if zone.startswith("thermal_zone") and _readable(path):
            found.append(SysfsSensor(zone, path, "Cel", 1000))
    return found


def _hwmon(folder):
    found = []
    for chip in _entries(folder):
        for name in _entries("%s/%s" % (folder, chip)):
            path = "%s/%s/%s" % (folder, chip, name)
            for prefix, unit, divisor in _HWMON:
                if name.startswith(prefix) and name.endswith("_input") and _readable(path):
                    found.append(SysfsSensor("%s_%s" % (chip, name[:-6]), path, unit, divisor))
    return found


def _entries(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _readable(path):
    try:
        int(_text(path))
    except (OSError, ValueError):
        return False
    return True


def _text(path):
    with open(path) as file:
        return file.read().strip()
