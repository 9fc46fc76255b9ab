// SPDX-License-Identifier: Apache-2.0
// What the ESP32-C3's files share.
#ifndef MOTET_SOC_ESP32C3_H
#define MOTET_SOC_ESP32C3_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

// The system timer counts at 16 MHz whatever the processor's clock is.
#define ESP32C3_TIMER_HZ 16000000u

// Leads UART0 and the system timer to the processor.
void esp32c3_route_interrupts(void);

void esp32c3_on_uart(void);

#endif
