// SPDX-License-Identifier: Apache-2.0
// Parts of the RP2040 that rp2040js does not have.

// What power-on and an unsteady oscillator bring: numbers that repeat with the seed (xorshift32).
export class Noise {
  constructor(seed) {
    this.state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  word() {
    let state = this.state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state >>> 0;
    return this.state;
  }

  bytes(count) {
    return new Uint8Array(Uint32Array.from({ length: count / 4 }, () => this.word()).buffer);
  }
}

// A register block whose registers read as `read(offset)` says and take no writes.
class ReadOnly {
  readUint32(offset) {
    return this.read(offset) >>> 0;
  }

  writeUint32() {}

  writeUint32Atomic() {}
}

// VREG_AND_CHIP_RESET, of which CHIP_RESET tells the cause of the last reset of the chip (datasheet, section 2.12.7).
export class ChipReset extends ReadOnly {
  constructor(cause) {
    super();
    this.flags = { power: 1 << 8, button: 1 << 16 }[cause] ?? 0;
  }

  read(offset) {
    return offset === 8 ? this.flags : 0;
  }
}

// ROSC: stable at once, and a random bit (datasheet, section 2.17).
export class RingOscillator extends ReadOnly {
  constructor(noise) {
    super();
    this.noise = noise;
  }

  read(offset) {
    if (offset === 0x1c) return this.noise.word() & 1;
    return offset === 0x18 ? 0x80001000 : 0;
  }
}
