// SPDX-License-Identifier: Apache-2.0
// The port's uart.c on this machine, over a UART as silicon has it: the transmitter is busy after every byte until
// uart_shift() takes it out, and interrupts come only when they are enabled. Driven through ctypes by
// test_port_uart.py.
#define MOTET_ARCH_H // in place of firmware/port/arch/arch.h
#include <stdbool.h>
#include <stdint.h>

static uint32_t now;
static int depth, sleeps;

static uint32_t arch_lock(void) {
    return (uint32_t)depth++;
}

static void arch_unlock(uint32_t state) {
    depth = (int)state;
}

static uint32_t arch_time_ms(void) {
    return now;
}

static uint64_t arch_time_us(void) {
    return (uint64_t)now * 1000;
}

// A sleep lasts until the next tick.
static void arch_wait(void) {
    sleeps++;
    now += 5;
}

#include "../../firmware/port/uart.c"

// The watchdog is watched elsewhere.
void watch_alive(void) {
}

void watch_tick(void) {
}

#define MTU 512

static uint64_t memory[4096];
static link_t *ours;
static const uint8_t *received;
static size_t waiting;
static int transmitting = -1;
static bool notify;

int soc_uart_read(void) {
    if (waiting == 0) {
        return -1;
    }
    waiting--;
    return *received++;
}

bool soc_uart_write(uint8_t byte) {
    if (transmitting >= 0) {
        return false;
    }
    transmitting = byte;
    return true;
}

void soc_uart_notify_writable(bool on) {
    notify = on;
}

void uart_open(uint32_t epoch) {
    transmitting = -1;
    waiting = 0;
    depth = sleeps = 0;
    ours = link_init(memory, MTU, 4, epoch);
    port_attach(ours);
}

// One interrupt for all of them, as a UART with a long FIFO has it; how many are left.
size_t uart_receive_all(const uint8_t *bytes, size_t count) {
    received = bytes;
    waiting = count;
    port_on_uart();
    return waiting;
}

void uart_receive(uint8_t byte) {
    uart_receive_all(&byte, 1);
}

// The byte that leaves the transmitter, -1 when there is none.
int uart_shift(void) {
    int byte = transmitting;
    transmitting = -1;
    if (byte >= 0 && notify) {
        port_on_uart();
    }
    return byte;
}

void uart_tick(uint32_t ms) {
    now += ms;
    port_on_tick();
}

// The program: sends every message back. Returns its length, -1 when there was none.
int uart_echo(void) {
    static uint8_t message[MTU];
    uint8_t channel;
    link_take_change(ours);
    int32_t length = link_readable(ours) && link_room(ours) ? link_recv(ours, &channel, message, sizeof message) : -1;
    if (length >= 0) {
        link_send(ours, channel, message, (size_t)length);
        port_pump();
    }
    return length;
}

void uart_log(const char *text, uint32_t length) {
    port_log(text, length);
}

// How often the program slept in a wait of `ms`.
int uart_wait(int32_t ms) {
    sleeps = 0;
    port_wait(ms);
    return sleeps;
}

int uart_masked(void) {
    return depth;
}
