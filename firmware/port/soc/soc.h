// SPDX-License-Identifier: Apache-2.0
// What the port needs from a chip: one soc_*.c implements this and nothing else is chip specific.
#ifndef MOTET_SOC_H
#define MOTET_SOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Time-outs end with the tick after them. More ticks would cost power, and an emulated board its host's CPU.
#define PORT_TICK_HZ 200u

// Clocks, pins, UART with its receive interrupt, periodic tick. Interrupts are still masked.
void soc_init(void);

// One received byte, or -1 when there is none.
int soc_uart_read(void);

// Hands a byte to the transmitter; false while it is still busy with the one before.
bool soc_uart_write(uint8_t byte);

// Whether an interrupt shall come when the transmitter can take the next byte.
void soc_uart_notify_writable(bool on);

#ifdef PORT_CONSOLE_UART
// The console's UART, where it has one of its own; as above. A received byte raises an interrupt.
int soc_console_read(void);
bool soc_console_write(uint8_t byte);
#endif

// Restarts the whole chip. RAM keeps its content.
_Noreturn void soc_reset(void);

// The hardware watchdog: restarts the chip unless it is fed within `timeout_ms`. Chips without one do nothing.
void soc_watchdog_start(uint32_t timeout_ms);
void soc_watchdog_feed(void);

// Up to `room` bytes from a hardware random source; 0 when the chip has none.
size_t soc_entropy(uint8_t *out, size_t room);

// Why the hardware restarted, when it can tell more than the port's own record: "power_on", "watchdog", "brown_out";
// else NULL.
const char *soc_reset_cause(void);

#ifdef SOC_PINS
// Single pins, on chips that say how many: 0 to 15 are those of port A, and so on.
// Whether there are any: emulators may show none.
bool soc_has_pins(void);
// The level of a pin, made an input first when that is asked; -1 for one that is not there or that the port needs.
int soc_pin_get(unsigned pin, bool make_input);
// Makes a pin an output of this level; false as above.
bool soc_pin_set(unsigned pin, bool level);
#endif

// Up-calls of the interrupt handlers. They never nest: all sources have the same priority.
void port_on_uart(void);
void port_on_console(void);
void port_on_tick(void);

#endif
