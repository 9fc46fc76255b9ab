// SPDX-License-Identifier: Apache-2.0
// The flash as a file, which every change reaches at once: it outlives this process however it ends.
import fs from 'node:fs';

const BASE = 0x10000000;
const WINDOW = 16 * 1024 * 1024;
const BOOT_ROM_END = 0x4000;

export class Flash {
  constructor(path) {
    this.file = fs.openSync(path, 'r+');
    this.content = new Uint8Array(fs.readFileSync(path));
  }

  // Give the content to a part, and take the changes that its boot ROM makes. A store from anywhere else does nothing to a
  // real flash.
  attach(mcu) {
    mcu.flash.set(this.content);
    this.content = mcu.flash.subarray(0, this.content.length);
    const write = mcu.writeUint32.bind(mcu);
    mcu.writeUint32 = (address, value) => {
      const offset = (address >>> 0) - BASE;
      if (offset < 0 || offset >= WINDOW) return write(address, value);
      if (mcu.core.PC >= BOOT_ROM_END || offset + 4 > this.content.length) {
        return mcu.logger.error('flash', `store to 0x${(address >>> 0).toString(16)} from pc 0x${mcu.core.PC.toString(16)}`);
      }
      mcu.flashView.setUint32(offset, value, true);
      return this.store(offset, 4);
    };
  }

  store(offset, length) {
    fs.writeSync(this.file, this.content, offset, length, offset);
  }
}
