// SPDX-License-Identifier: Apache-2.0
// An emulated RP2040: rp2040js under Node, with its UARTs and its USB serial port on listening sockets that the parent process
// hands over, a flash that is a file, and a control channel of JSON lines (motet/emulate/control.py).
//
//   node run.mjs FLASH --rp2040js index.js --bootrom bootrom.bin --control FD --uart NUMBER:FD... --seed N
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { Control } from './control.mjs';
import { Machine } from './machine.mjs';
import { Port } from './port.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rp2040js: { type: 'string' },
    bootrom: { type: 'string' },
    control: { type: 'string' },
    uart: { type: 'string', multiple: true },
    seed: { type: 'string' },
  },
});
const control = new Control(Number(options.control));
try {
  const library = await import(pathToFileURL(options.rp2040js));
  const ports = options.uart.map((text) => text.split(':').map(Number)).map(([number, fd]) => new Port(number, fd));
  await Promise.all(ports.map((port) => port.listening));
  const machine = new Machine(library, { flash: positionals[0], bootrom: options.bootrom, seed: Number(options.seed), ports });
  control.serve(machine);
  machine.run();
} catch (error) {
  control.fail(error.message);
}
