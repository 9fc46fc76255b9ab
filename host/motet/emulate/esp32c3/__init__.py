# SPDX-License-Identifier: Apache-2.0
"""An emulated ESP32-C3: its RV32IMC core by unicorn, its ROM, flash and the peripherals that the firmware uses by us.

`python -m motet.emulate.esp32c3` runs one; motet.emulate.create starts it as a child process. It stands for the part as the
Technical Reference Manual describes it, never for a verified one: no silicon has been compared with it.
"""
