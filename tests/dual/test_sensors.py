# SPDX-License-Identifier: Apache-2.0
"""Sensors: recorded data plays back in a loop, and Linux tells what it has."""

import os
import unittest

import rig

from motet_core.hal import digits, linux, replay, sea_temperature

FOLDER = "/tmp/motet-test-%d" % int.from_bytes(os.urandom(4), "big")


def remove(path):
    """The folder or file, with all that is in it."""
    try:
        names = os.listdir(path)
    except OSError:
        os.remove(path)
        return
    for name in names:
        remove(path + "/" + name)
    os.rmdir(path)


def write(path, text):
    made = ""
    for part in path.split("/")[1:-1]:
        made += "/" + part
        try:
            os.mkdir(made)
        except OSError:
            pass
    with open(path, "w") as file:
        file.write(text)


class ReplayTest(unittest.TestCase):
    def test_frames_are_64_pixels_of_0_to_16_and_come_in_order(self):
        camera = replay.DigitCamera()
        for index in range(len(digits.FRAMES)):
            frame = camera.read()
            self.assertEqual((len(frame["data"]), frame["shape"], frame["frame"]), (64, [8, 8], index))
            self.assertLessEqual(max(frame["data"]), 16)

    def test_playback_starts_again_at_the_end(self):
        camera = replay.DigitCamera()
        first = camera.read()
        for _ in range(len(digits.FRAMES) - 1):
            camera.read()
        self.assertEqual(camera.read(), first)

    def test_the_sea_is_told_by_month(self):
        sea = replay.SeaTemperature()
        self.assertEqual(sea.read(), {"value": 23.99, "unit": "Cel", "month": "1991-01", "frame": 0})
        for _ in range(12):
            last = sea.read()
        self.assertEqual(last["month"], "1992-01")
        for _ in range(len(sea_temperature.HUNDREDTHS)):
            self.assertTrue(15 < sea.read()["value"] < 35)


class LinuxTest(unittest.TestCase):
    def setUp(self):
        os.mkdir(FOLDER)
        self.addCleanup(remove, FOLDER)

    def test_finds_what_reads_as_a_number_and_scales_it(self):
        root = FOLDER + "/good"
        write(root + "/thermal/thermal_zone0/temp", "41500\n")
        write(root + "/thermal/thermal_zone1/temp", "broken\n")
        write(root + "/thermal/cooling_device0/temp", "1\n")
        write(root + "/hwmon/hwmon3/temp1_input", "-5000\n")
        write(root + "/hwmon/hwmon3/fan2_input", "1200\n")
        write(root + "/hwmon/hwmon3/in0_label", "7\n")
        found = {sensor.name: sensor for sensor in linux.sensors(root)}
        self.assertEqual(sorted(found), ["hwmon3_fan2", "hwmon3_temp1", "thermal_zone0"])
        self.assertEqual(found["thermal_zone0"].read(), {"value": 41.5, "unit": "Cel"})
        self.assertEqual(found["hwmon3_temp1"].read(), {"value": -5.0, "unit": "Cel"})
        self.assertEqual(found["hwmon3_fan2"].read(), {"value": 1200.0, "unit": "rpm"})

    def test_a_machine_without_sensors_has_none(self):
        self.assertEqual(linux.sensors(FOLDER + "/missing"), [])

    def test_a_sensor_that_breaks_is_a_tool_error_that_names_it(self):
        path = FOLDER + "/breaks/thermal/thermal_zone0/temp"
        write(path, "1000")
        sensors = linux.sensors(FOLDER + "/breaks")

        async def work(client):
            self.assertFalse((await client.tool("sensors.read", sensor="thermal_zone0"))["isError"])
            write(path, "no number")
            result = await client.tool("sensors.read", sensor="thermal_zone0")
            self.assertTrue(result["isError"])
            self.assertIn("sensor thermal_zone0 cannot be read", result["content"][0]["text"])
            os.remove(path)
            self.assertTrue((await client.tool("sensors.read", sensor="thermal_zone0"))["isError"])

        rig.run(work, sensors=sensors)


class ToolTest(unittest.TestCase):
    def test_lists_and_reads(self):
        async def work(client):
            listed = (await client.tool("sensors.list"))["structuredContent"]["sensors"]
            self.assertEqual([sensor["name"] for sensor in listed], ["digit_camera", "sea_temperature"])
            read = await client.tool("sensors.read", sensor="digit_camera")
            self.assertEqual(len(read["structuredContent"]["data"]), 64)
            self.assertIn('"shape":[8,8]', read["content"][0]["text"])

        rig.run(work, sensors=replay.sensors())

    def test_an_unknown_sensor_names_the_field_and_the_choices(self):
        async def work(client):
            result = await client.tool("sensors.read", sensor="nose")
            self.assertEqual(result["content"][0]["text"], "sensor: expected one of 'digit_camera', 'sea_temperature'")
            self.assertEqual(result["_meta"], {"motet/error": "arguments"})

        rig.run(work, sensors=replay.sensors())

    def test_a_device_without_sensors_only_lists(self):
        async def work(client):
            self.assertEqual((await client.tool("sensors.list"))["structuredContent"], {"sensors": []})
            self.assertEqual((await client.error("tools/call", {"name": "sensors.read"}))["code"], -32602)

        rig.run(work, sensors=[])
