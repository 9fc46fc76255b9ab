// SPDX-License-Identifier: Apache-2.0
// The part running: rp2040js with what it lacks for firmware that restarts, keeps a flash and sleeps.
import fs from 'node:fs';
import { correctFlags } from './flags.mjs';
import { Flash } from './flash.mjs';
import { attachUart, attachUsb } from './wires.mjs';
import { ChipReset, Noise, RingOscillator } from './parts.mjs';

const CYCLE_NS = 8;
const FLASH_BASE = 0x10000000;
const CHIP_RESET = 0x40064;
const RING_OSCILLATOR = 0x40060;
const WATCHDOG = 0x40058;
// How long the core runs before the wires are looked at: some milliseconds.
const SLICE = 200_000;
const UARTS = 2;
const HARD_FAULT = 3;
// The host's timers know milliseconds; shorter sleeps of the core are made up for by the next longer one.
const SHORT_NS = 1e6;

export class Machine {
  constructor(library, { flash, bootrom, seed, ports }) {
    this.library = library;
    this.bootrom = new Uint32Array(new Uint8Array(fs.readFileSync(bootrom)).buffer.slice(0, 16384));
    this.flash = new Flash(flash);
    this.noise = new Noise(seed);
    this.ports = ports;
    this.executed = 0;
    this.lead = 0;
    this.past = 0;
    this.paused = false;
    this.restarting = null;
    this.timer = null;
    this.sram = this.noise.bytes(264 * 1024);
    for (const port of ports) port.onData = () => this.wake();
    this.build('power', 0);
  }

  // A part that comes out of a reset for `cause`: "power", "button" or "watchdog".
  build(cause, watchdogReason) {
    const { RP2040, ConsoleLogger, LogLevel } = this.library;
    const mcu = new RP2040();
    mcu.logger = new ConsoleLogger(LogLevel.Error, false);
    mcu.loadBootrom(this.bootrom);
    correctFlags(mcu.core);
    mcu.sram.set(this.sram);
    this.sram = mcu.sram;
    this.flash.attach(mcu);
    mcu.peripherals[CHIP_RESET] = new ChipReset(cause);
    mcu.peripherals[RING_OSCILLATOR] = new RingOscillator(this.noise);
    const watchdog = mcu.peripherals[WATCHDOG];
    watchdog.reason = watchdogReason;
    watchdog.onWatchdogTrigger = () => {
      this.restarting = { cause: 'watchdog', reason: watchdog.reason };
    };
    // Undefined instructions and breakpoints, of which rp2040js only tells; see fault().
    this.broken = false;
    mcu.onBreak = () => {
      this.broken = true;
    };
    for (const port of this.ports) {
      if (port.number < UARTS) attachUart(mcu.uart[port.number], port);
      else attachUsb(this.library, mcu, port);
    }
    // The second stage of the flash; the boot ROM would check and start it.
    mcu.core.PC = FLASH_BASE;
    this.mcu = mcu;
  }

  // Start over for `cause`, and go on.
  restart(cause, watchdogReason = 0) {
    this.past += this.mcu.clock.nanos;
    this.restarting = null;
    this.build(cause, watchdogReason);
    if (this.timer === null) this.run();
    else this.wake();
  }

  status() {
    return { instructions: this.executed, nanoseconds: Math.round(this.past + this.mcu.clock.nanos), paused: this.paused };
  }

  pause(on) {
    this.paused = on;
    if (!on) this.wake();
  }

  read(address, length) {
    const memory = this.memory(address, length);
    return memory ? Buffer.from(memory) : Buffer.from(Array.from({ length }, (_, i) => this.mcu.readUint8(address + i)));
  }

  write(address, data) {
    const memory = this.memory(address, data.length);
    if (!memory) throw new Error(`no memory at 0x${address.toString(16)} can be written from outside`);
    memory.set(data);
    if (memory.buffer === this.mcu.flash.buffer) this.flash.store(address - FLASH_BASE, data.length);
  }

  memory(address, length) {
    for (const [base, bytes] of [[0x20000000, this.mcu.sram], [FLASH_BASE, this.mcu.flash]]) {
      if (address >= base && address + length <= base + bytes.length) return bytes.subarray(address - base, address - base + length);
    }
    return null;
  }

  // Go on now, whatever was waited for.
  wake() {
    if (this.timer === null) return;
    this.timer.cancel();
    this.timer = null;
    this.slept();
    this.run();
  }

  run() {
    if (this.paused) return this.later(() => {}, null);
    this.execute();
    for (const port of this.ports) port.flush();
    if (this.restarting) return this.later(() => this.restart(this.restarting.cause, this.restarting.reason), 0);
    const { core, clock } = this.mcu;
    // The core wakes by an interrupt, which is a matter of time or of a wire.
    return this.later(() => this.run(), !core.waiting ? 0 : clock.nextAlarm ? Math.max(clock.nanosToNextAlarm, 1) : null);
  }

  // Run for a slice, or until the core sleeps for longer than is worth sleeping here.
  execute() {
    const { core, clock } = this.mcu;
    let left = SLICE;
    for (; left > 0 && this.restarting === null; left--) {
      if (!core.waiting) {
        clock.tick(core.executeInstruction() * CYCLE_NS);
        this.executed++;
        if (this.broken) this.fault();
      } else if (clock.nextAlarm && this.lead + clock.nanosToNextAlarm < SHORT_NS) {
        this.lead += clock.nanosToNextAlarm;
        clock.tick(clock.nanosToNextAlarm);
      } else {
        return;
      }
    }
  }

  // A HardFault at the instruction that broke; within the fault's handler the core locks up, until a reset.
  fault() {
    const { core, logger } = this.mcu;
    core.PC -= core.breakRewind;
    if (core.IPSR === HARD_FAULT) {
      logger.error('core', `locked up at 0x${core.PC.toString(16)}`);
      core.PM = true;
      core.waiting = true;
      core.enabledInterrupts = 0;
    } else {
      this.broken = false;
      core.exceptionEntry(HARD_FAULT);
    }
  }

  // Call `next` after so many nanoseconds of sleep; null: only wake() ends it.
  later(next, nanoseconds) {
    const slept = nanoseconds !== 0;
    const start = process.hrtime.bigint();
    this.slept = () => {
      if (slept && !this.paused) this.advance(Number(process.hrtime.bigint() - start), nanoseconds);
    };
    const done = () => {
      this.timer = null;
      if (slept) this.advance(nanoseconds, nanoseconds);
      next();
    };
    if (nanoseconds === null) {
      this.timer = { cancel: () => {} };
    } else if (slept) {
      const timer = setTimeout(done, (nanoseconds + this.lead) / 1e6);
      this.lead = 0;
      this.timer = { cancel: () => clearTimeout(timer) };
    } else {
      const timer = setImmediate(done);
      this.timer = { cancel: () => clearImmediate(timer) };
    }
  }

  // Time passes while the core sleeps: at most until the next alarm, which must find the core where it slept.
  advance(nanoseconds, most) {
    this.mcu.clock.tick(most === null ? nanoseconds : Math.min(nanoseconds, most));
  }
}
