// SPDX-License-Identifier: Apache-2.0
// The wire between the UART's interrupts and the link. Everything here runs with interrupts masked or inside a handler.
#include "arch/arch.h"
#include "frame/link.h"
#include "port.h"
#include "soc/soc.h"

static struct link *attached;
static uint8_t outgoing[64];
static size_t out_length, out_sent;
// Something happened since the last port_wait: it must not sleep before its caller has looked.
static volatile bool happened;
static uint32_t next_timer_ms;

static uint32_t now_ms(void) {
    return (uint32_t)(arch_time_us() / 1000);
}

static bool refill(void) {
    out_sent = 0;
    out_length = link_output(attached, outgoing, sizeof outgoing, now_ms());
    return out_length != 0;
}

static bool transmit(void) {
    while (out_sent < out_length || refill()) {
        if (!soc_uart_write(outgoing[out_sent])) {
            return true;
        }
        out_sent++;
    }
    return false;
}

static void pump(void) {
    soc_uart_notify_writable(transmit());
    next_timer_ms = now_ms() + link_next_timer(attached, now_ms());
}

void port_pump(void) {
    uint32_t state = arch_lock();
    if (attached) {
        pump();
    }
    arch_unlock(state);
}

void port_log(const char *text, size_t length) {
    uint32_t state = arch_lock();
    if (attached) {
        link_log(attached, text, length);
        pump();
    }
    arch_unlock(state);
}

void port_attach(struct link *link) {
    uint32_t state = arch_lock();
    attached = link;
    out_length = out_sent = 0;
    soc_uart_notify_writable(false);
    arch_unlock(state);
    port_pump();
}

bool port_attached(void) {
    return attached != 0;
}

void port_on_uart(void) {
    uint8_t bytes[16];
    size_t count = 0;
    for (int byte; count < sizeof bytes && (byte = soc_uart_read()) >= 0;) {
        bytes[count++] = (uint8_t)byte;
    }
    if (attached) {
        link_feed(attached, bytes, count, now_ms());
        pump();
    }
    happened = true;
}

void port_on_tick(void) {
    if (attached && (int32_t)(now_ms() - next_timer_ms) >= 0) {
        pump();
        happened = true;
    }
}

void port_wait(int32_t timeout_ms) {
    uint64_t deadline = arch_time_us() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000;
    do {
        uint32_t state = arch_lock();
        bool look = happened;
        happened = false;
        if (!look) {
            arch_wait();
        }
        arch_unlock(state);
        if (look) {
            return;
        }
    } while (timeout_ms < 0 || arch_time_us() < deadline);
}
