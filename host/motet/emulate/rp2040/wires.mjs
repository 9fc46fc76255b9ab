// SPDX-License-Identifier: Apache-2.0
// The board's ends of its wires. Bytes need no time on them.

const DATA = 0x00;
const FIFO_ROOM = 32;
// Flags of the UART: the transmit FIFO is full.
const TX_FULL = 1 << 5;
const TX_EMPTY = 1 << 7;

export function attachUart(uart, port) {
  const refill = () => {
    while (uart.rxFIFO.itemCount < FIFO_ROOM) {
      const byte = port.take();
      if (byte === undefined) return;
      uart.feedByte(byte);
    }
  };
  const read = uart.readUint32.bind(uart);
  uart.readUint32 = (offset) => {
    const value = read(offset);
    if (offset === DATA && uart.rxFIFO.empty) refill();
    return value;
  };
  const plain = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(uart), 'flags').get;
  Object.defineProperty(uart, 'flags', {
    get: () => (port.busy ? (plain.call(uart) & ~TX_EMPTY) | TX_FULL : plain.call(uart)),
  });
  uart.onByte = (byte) => port.send(byte);
  port.onDrain = () => uart.checkInterrupts();
  chain(port, refill);
}

export function attachUsb(library, mcu, port) {
  const usb = mcu.usbCtrl;
  const host = new library.USBCDC(usb);
  // The host that comes with the library answers every wish to read at once, with nothing if need be, and so keeps the part
  // busy; a real one lets it wait.
  let wanted = 0;
  const refill = () => {
    if (!wanted || !port.received.length) return;
    const bytes = [];
    while (bytes.length < wanted && port.received.length) bytes.push(port.take());
    wanted = 0;
    usb.endpointReadDone(host.outEndpoint, Uint8Array.from(bytes));
  };
  usb.onEndpointRead = (endpoint, size) => {
    if (endpoint !== host.outEndpoint) return;
    wanted = size;
    refill();
  };
  host.onSerialData = (bytes) => bytes.forEach((byte) => port.send(byte));
  chain(port, refill);
}

// A restarted part gets the wires anew: the feeding of the one before ends.
function chain(port, refill) {
  port.wake ??= port.onData;
  port.onData = () => {
    refill();
    port.wake();
  };
}
