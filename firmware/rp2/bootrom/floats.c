// SPDX-License-Identifier: Apache-2.0
// The boot ROM's single precision functions by the compiler's: same results for arguments that both define.
// Trigonometry, exponentials and what else MicroPython brings itself stops. RP2040 datasheet, section 2.8.3.2.1.
#include <math.h>
#include <stddef.h>
#include <stdint.h>

extern void __aeabi_cfcmple(void);
// newlib's square root without errno, which would need RAM.
float __ieee754_sqrtf(float a);
void stop(void);

static float add(float a, float b) {
    return a + b;
}

static float subtract(float a, float b) {
    return a - b;
}

static float multiply(float a, float b) {
    return a * b;
}

static float divide(float a, float b) {
    return a / b;
}

static int compare(float a, float b) {
    return a < b ? -1 : a > b;
}

// To integers: towards minus infinity, and the nearest number when there is none so large.
static int64_t to_int64(float a) {
    return a >= 0x1p63f ? INT64_MAX : a < -0x1p63f ? INT64_MIN : (int64_t)floorf(a);
}

static int32_t to_int(float a) {
    int64_t wide = to_int64(a);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

static uint64_t to_uint64(float a) {
    return a <= 0 ? 0 : a >= 0x1p64f ? UINT64_MAX : (uint64_t)a;
}

static uint32_t to_uint(float a) {
    uint64_t wide = to_uint64(a);
    return wide > UINT32_MAX ? UINT32_MAX : (uint32_t)wide;
}

static int32_t to_fix(float a, int bits) {
    return to_int(scalbnf(a, bits));
}

static uint32_t to_ufix(float a, int bits) {
    return to_uint(scalbnf(a, bits));
}

static int64_t to_fix64(float a, int bits) {
    return to_int64(scalbnf(a, bits));
}

static uint64_t to_ufix64(float a, int bits) {
    return to_uint64(scalbnf(a, bits));
}

static float from_int(int32_t a) {
    return (float)a;
}

static float from_uint(uint32_t a) {
    return (float)a;
}

static float from_int64(int64_t a) {
    return (float)a;
}

static float from_uint64(uint64_t a) {
    return (float)a;
}

static float from_fix(int32_t a, int bits) {
    return scalbnf((float)a, -bits);
}

static float from_ufix(uint32_t a, int bits) {
    return scalbnf((float)a, -bits);
}

static float from_fix64(int64_t a, int bits) {
    return scalbnf((float)a, -bits);
}

static float from_ufix64(uint64_t a, int bits) {
    return scalbnf((float)a, -bits);
}

static double to_double(float a) {
    return (double)a;
}

// How many entries the table has stands right before it.
__attribute__((section(".float_count"), used)) static const uint16_t float_count[2] = {0, 32};
__attribute__((section(".float_table"), used)) void *const float_table[32] = {
    add,
    subtract,
    multiply,
    divide,
    compare,
    __aeabi_cfcmple,
    __ieee754_sqrtf,
    to_int,
    to_fix,
    to_uint,
    to_ufix,
    from_int,
    from_fix,
    from_uint,
    from_ufix,
    stop,
    stop,
    stop,
    stop,
    stop,
    stop,
    compare,
    stop,
    from_int64,
    from_fix64,
    from_uint64,
    from_ufix64,
    to_int64,
    to_fix64,
    to_uint64,
    to_ufix64,
    to_double,
};
