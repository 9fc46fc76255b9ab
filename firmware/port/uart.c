// SPDX-License-Identifier: Apache-2.0
// The wire between the UART's interrupts and the link, and the sleep between two of them. Functions without the port_
// prefix run with interrupts masked or inside a handler.
#include "arch/arch.h"
#include "frame/link.h"
#include "port.h"
#include "soc/soc.h"
#include "watch.h"

static struct link *attached;
static uint8_t outgoing[64];
static size_t out_length, out_sent;
static uint32_t next_timer_ms;
// Something happened since the last port_wait that the program may wait for: it must look before it sleeps.
static volatile bool happened;
static uint32_t known_room;

static bool refill(void) {
    out_sent = 0;
    out_length = link_output(attached, outgoing, sizeof outgoing, arch_time_ms());
    return out_length != 0;
}

// False: all sent. True: the transmitter is busy, its interrupt goes on.
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
    uint32_t now = arch_time_ms();
    next_timer_ms = now + link_next_timer(attached, now);
}

// A byte alone wakes nobody; a message, room for one, or another session do.
static void wake_program(void) {
    uint32_t room = link_room(attached);
    if (room > known_room || link_readable(attached) || link_changed(attached)) {
        happened = true;
    }
    known_room = room;
}

void port_pump(void) {
    uint32_t state = arch_lock();
    if (attached) {
        pump();
        known_room = link_room(attached);
    }
    arch_unlock(state);
}

bool port_log(const char *text, size_t length) {
    uint32_t state = arch_lock();
    bool taken = !attached || link_log(attached, text, length);
    if (attached) {
        pump();
    }
    arch_unlock(state);
    return taken;
}

void port_pause(void) {
    uint32_t state = arch_lock();
    arch_wait();
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
    size_t count;
    // Until nothing is left: not every UART interrupts again for what it has told of already.
    do {
        count = 0;
        for (int byte; count < sizeof bytes && (byte = soc_uart_read()) >= 0;) {
            bytes[count++] = (uint8_t)byte;
        }
        if (attached) {
            link_feed(attached, bytes, count, arch_time_ms());
        }
    } while (count == sizeof bytes);
    if (attached) {
        pump();
        wake_program();
    }
}

void port_on_tick(void) {
    watch_tick();
    if (attached && (int32_t)(arch_time_ms() - next_timer_ms) >= 0) {
        pump();
        wake_program();
    }
}

void port_wake(void) {
    happened = true;
}

void port_wait(int32_t timeout_ms) {
    watch_alive();
    uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : arch_time_us() + (uint64_t)timeout_ms * 1000;
    for (bool looked = false; !looked && arch_time_us() < deadline;) {
        uint32_t state = arch_lock();
        looked = happened;
        happened = false;
        if (!looked) {
            arch_wait();
        }
        arch_unlock(state);
        watch_alive();
    }
}
