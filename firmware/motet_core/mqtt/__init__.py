# SPDX-License-Identifier: Apache-2.0
"""An MQTT client for devices with a network of their own: version 5, or 3.1.1 where the broker knows no other."""
