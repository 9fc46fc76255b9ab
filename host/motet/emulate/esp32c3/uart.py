# SPDX-License-Identifier: Apache-2.0
"""A UART as the Technical Reference Manual of the ESP32-C3 describes it: two FIFOs of 128 bytes and their interrupts.

Bytes need no time on the wire. The silence that makes a receive time-out is there as soon as bytes are.
"""

from collections.abc import Callable

from motet.emulate.esp32c3.registers import Registers

FIFO = 128
_FIFO, _INT_RAW, _INT_ST, _INT_ENA, _INT_CLR, _STATUS, _CONF1 = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x1C, 0x24
_RX_FULL, _TX_EMPTY, _RX_TIMEOUT = 1 << 0, 1 << 1, 1 << 8
_TIMEOUT_ENABLED = 1 << 21


class Uart:
    """One UART at `base`; `changed` is called when its interrupt may have come or gone, or when it has something to send."""

    def __init__(self, registers: Registers, base: int, changed: Callable[[], None]) -> None:
        self._registers, self._base, self._changed = registers, base, changed
        self._received = bytearray()
        self.sending = bytearray()
        registers.on_read(base + _FIFO, self._pop)
        registers.on_write(base + _FIFO, self._push)
        registers.on_read(base + _INT_RAW, self._raw)
        registers.on_read(base + _INT_ST, lambda: self._raw() & self._enabled)
        registers.on_write(base + _INT_ENA, lambda _value: self._changed())
        registers.on_read(base + _STATUS, lambda: len(self._received) | len(self.sending) << 16)

    @property
    def room(self) -> int:
        """How many bytes feed() may bring."""
        return FIFO - len(self._received)

    @property
    def interrupting(self) -> bool:
        return bool(self._raw() & self._enabled)

    def feed(self, data: bytes) -> None:
        """Bytes from the wire."""
        self._received += data

    @property
    def _enabled(self) -> int:
        return self._registers.plain(self._base + _INT_ENA)

    def _raw(self) -> int:
        conf1 = self._registers.plain(self._base + _CONF1)
        raw = 0
        if len(self._received) >= max(1, conf1 & 0x1FF):
            raw |= _RX_FULL
        if self._received and conf1 & _TIMEOUT_ENABLED:
            raw |= _RX_TIMEOUT
        if len(self.sending) < (conf1 >> 9 & 0x1FF):
            raw |= _TX_EMPTY
        return raw

    def _pop(self) -> int:
        return self._received.pop(0) if self._received else 0

    def _push(self, value: int) -> None:
        # A full FIFO loses the byte.
        if len(self.sending) < FIFO:
            self.sending.append(value & 0xFF)
        if len(self.sending) == FIFO:
            self._changed()
