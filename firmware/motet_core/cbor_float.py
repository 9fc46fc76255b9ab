# SPDX-License-Identifier: Apache-2.0
"""Floats in their shortest exact CBOR form (RFC 8949 section 4.2.2), decided on the bits.

Working on bits keeps the verdict equal on parts whose floats have 32 bits: they round a 64-bit value but still accept it.
"""

import struct

_NAN = 0x7E00


def write_float(out, value):
    """Appends f16, f32 or f64, the first that holds `value` exactly; every NaN is f97e00."""
    if value != value:
        out.extend(b"\xf9\x7e\x00")
        return
    try:
        single = struct.pack(">f", value)
    except OverflowError:
        single = None
    if single is None or struct.unpack(">f", single)[0] != value:
        out.append(0xFB)
        out.extend(struct.pack(">d", value))
        return
    half = _single_to_half(int.from_bytes(single, "big"))
    if half is None:
        out.append(0xFA)
        out.extend(single)
    else:
        out.append(0xF9)
        out.extend(half.to_bytes(2, "big"))


def from_half(bits):
    """Value of a half float, None for a NaN other than the canonical one."""
    exponent, fraction = (bits >> 10) & 31, bits & 1023
    if exponent == 31:
        if fraction and bits != _NAN:
            return None
        value = float("nan") if fraction else float("inf")
    else:
        value = (fraction + (1024 if exponent else 0)) * 2.0 ** ((exponent or 1) - 25)
    return -value if bits >> 15 else value


def check_single(bits):
    """Value of a single float, None when a half would have done."""
    if _is_special(bits, 23, 255) or _single_to_half(bits) is not None:
        return None
    return struct.unpack(">f", bits.to_bytes(4, "big"))[0]


def check_double(bits):
    """Value of a double float, None when a single would have done."""
    if _is_special(bits, 52, 2047) or _fits_single(bits):
        return None
    return struct.unpack(">d", bits.to_bytes(8, "big"))[0]


def _is_special(bits, shift, top):
    """Infinity or NaN: always a half."""
    return (bits >> shift) & top == top


def _single_to_half(bits):
    """Bits of the half float with exactly the value of these single bits, or None."""
    sign, exponent, fraction = bits >> 31 << 15, ((bits >> 23) & 255) - 127, bits & 0x7FFFFF
    if exponent == 128:
        return None if fraction else sign | 0x7C00
    if exponent == -127:
        return None if fraction else sign
    if -14 <= exponent <= 15:
        return None if fraction & 0x1FFF else sign | (exponent + 15) << 10 | fraction >> 13
    fraction |= 0x800000
    shift = -1 - exponent
    if not 14 <= shift <= 23 or fraction & ((1 << shift) - 1):
        return None
    return sign | fraction >> shift


def _fits_single(bits):
    exponent, fraction = (bits >> 52) & 2047, bits & ((1 << 52) - 1)
    if exponent == 0:
        return fraction == 0
    exponent -= 1023
    if not -149 <= exponent <= 127:
        return False
    lost = 29 if exponent >= -126 else 29 - 126 - exponent
    return (fraction | 1 << 52) & ((1 << lost) - 1) == 0
