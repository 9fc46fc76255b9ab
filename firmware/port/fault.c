// SPDX-License-Identifier: Apache-2.0
#include "fault.h"

#include <string.h>

#include "arch/arch.h"
#include "port.h"
#include "soc/soc.h"

// Where a linker script keeps what start-up must not clear.
#ifndef PORT_KEPT
#define PORT_KEPT ".noinit"
#endif
#define RECORD_MAGIC 0x4D6F7465u

// Survives a warm restart; random after power-on, which is why it carries a check.
static struct record {
    uint32_t magic;
    uint32_t failures;
    char reason[16];
    char line[96];
    uint32_t check;
} record __attribute__((section(PORT_KEPT)));

// Whatever power-on left here; emulators load a random word, as SRAM would come up with.
static volatile uint32_t boot_seed __attribute__((section(PORT_KEPT ".seed")));

// Counts warm starts, from any number.
static uint32_t boots __attribute__((section(PORT_KEPT)));

static char reason[16];
static char line[96];
static uint32_t entropy, failures;

static uint32_t mix(uint32_t hash, const void *bytes, size_t count) {
    for (const uint8_t *at = bytes; count--; at++) {
        hash = (hash ^ *at) * 16777619u;
    }
    return hash;
}

static uint32_t check_of(const struct record *of) {
    return mix(2166136261u, of, offsetof(struct record, check));
}

static void copy_text(char *to, size_t room, const char *from) {
    size_t length = strlen(from);
    length = length < room ? length : room - 1;
    memcpy(to, from, length);
    to[length] = 0;
}

static uint32_t gather_entropy(void) {
    uint8_t hardware[8];
    uint32_t hash = mix(boot_seed, hardware, soc_entropy(hardware, sizeof hardware));
    boots++;
    hash = mix(hash, &boots, sizeof boots);
    // After power-on the record's bytes are noise on silicon, so they count as well.
    return mix(hash, &record, sizeof record);
}

void fault_remember(const char *why, const char *what) {
    memset(&record, 0, sizeof record);
    record.magic = RECORD_MAGIC;
    record.failures = failures;
    copy_text(record.reason, sizeof record.reason, why);
    copy_text(record.line, sizeof record.line, what);
    record.check = check_of(&record);
}

static bool failed(const char *why) {
    return !strcmp(why, "fault") || !strcmp(why, "crash") || !strcmp(why, "watchdog");
}

void fault_recall(void) {
    entropy = gather_entropy();
    bool warm = record.magic == RECORD_MAGIC && record.check == check_of(&record);
    const char *cause = soc_reset_cause();
    copy_text(reason, sizeof reason, cause ? cause : warm ? record.reason : "power_on");
    copy_text(line, sizeof line, warm ? record.line : "");
    failures = failed(reason) ? (warm ? record.failures : 0) + 1 : 0;
    // Whoever restarts the chip without leaving a reason came from outside.
    fault_remember("external", "");
}

const char *fault_reset_reason(void) {
    return reason;
}

const char *fault_last(void) {
    return line;
}

uint32_t fault_failures(void) {
    return failures;
}

void fault_settled(void) {
    failures = 0;
    fault_remember("external", "");
}

uint32_t fault_boot_entropy(void) {
    return entropy;
}

_Noreturn void fault_restart(const char *why) {
    (void)arch_lock();
    fault_remember(why, "");
    soc_reset();
}

static char *put_text(char *at, const char *end, const char *text) {
    while (*text && at < end) {
        *at++ = *text++;
    }
    return at;
}

static char *put_hex(char *at, const char *end, uint32_t value) {
    char digits[9];
    for (int i = 0; i < 8; i++) {
        digits[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    }
    digits[8] = 0;
    return put_text(at, end, digits);
}

static void format(char *to, size_t room, const char *kind, const struct fault_field *fields, size_t count,
                   const char *note) {
    char *at = to, *end = to + room - 1;
    at = put_text(at, end, kind);
    for (size_t i = 0; i < count; i++) {
        at = put_text(put_text(put_text(at, end, " "), end, fields[i].name), end, "=");
        at = put_hex(at, end, fields[i].value);
    }
    if (note) {
        at = put_text(put_text(at, end, " "), end, note);
    }
    *at = 0;
}

static _Noreturn void report(const char *why, const char *kind, const struct fault_field *fields, size_t count,
                             const char *note) {
    (void)arch_lock();
    char text[sizeof line];
    format(text, sizeof text, kind, fields, count, note);
    port_end_frame();
    port_write_raw(text, strlen(text));
    port_write_raw("\r\n", 2);
    fault_remember(why, text);
#if PORT_RESET_ON_FAULT
    soc_reset();
#else
    for (;;) {
        arch_wait();
    }
#endif
}

_Noreturn void fault_report(const char *kind, const struct fault_field *fields, size_t count, const char *note) {
    report("fault", kind, fields, count, note);
}

_Noreturn void fault_hang(uint32_t pc) {
    const struct fault_field fields[] = {{"pc", pc}};
    report("watchdog", "WATCHDOG", fields, 1, "the program does not come back");
}
