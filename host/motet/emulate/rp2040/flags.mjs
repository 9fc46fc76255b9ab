// SPDX-License-Identifier: Apache-2.0
// Corrects the overflow flag of ADCS and SBCS: rp2040js 1.4.1 adds the carry to the second operand first, and takes
// 0x7fffffff + 1 for a negative number. Signed comparisons of 64 bits end with one of them. Checked against unicorn's Cortex-M0.
const AMBIGUOUS = 0x80000000;
const ADCS = 0b0100000101;
const SBCS = 0b0100000110;

export function correctFlags(core) {
  // Whether the operand that looks like -2^31 is 2^31 - 1 with a carry, which makes it positive.
  const carried = (operand, code, carry) =>
    operand === AMBIGUOUS && carry && core.rp2040.readUint16(core.PC - 2) >> 6 === code;

  core.addUpdateFlags = (one, other) => {
    const signed = (one | 0) + (carried(other, ADCS, core.C) ? AMBIGUOUS : other | 0);
    const sum = one + other;
    core.N = (sum & AMBIGUOUS) !== 0;
    core.Z = (sum & 0xffffffff) === 0;
    core.C = sum !== sum >>> 0;
    core.V = (sum | 0) !== signed;
    return sum & 0xffffffff;
  };
  core.substractUpdateFlags = (one, other) => {
    const signed = (one | 0) - (carried(other, SBCS, !core.C) ? AMBIGUOUS : other | 0);
    const difference = one - other;
    core.N = (difference & AMBIGUOUS) !== 0;
    core.Z = (difference & 0xffffffff) === 0;
    core.C = one >= other;
    core.V = (difference | 0) !== signed;
    return difference;
  };
}
