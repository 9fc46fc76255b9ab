// SPDX-License-Identifier: Apache-2.0
// Registers of a part, or with MOTET_BUS_MODEL a model of them that a test provides.
#ifndef MOTET_PORT_FLASH_BUS_H
#define MOTET_PORT_FLASH_BUS_H

#include <stdint.h>

#ifdef MOTET_BUS_MODEL
uint32_t bus_read32(uint32_t address);
void bus_write32(uint32_t address, uint32_t value);
uint32_t bus_address(const uint8_t *map);
#else
static inline uint32_t bus_read32(uint32_t address) {
    return *(volatile uint32_t *)(uintptr_t)address;
}

static inline void bus_write32(uint32_t address, uint32_t value) {
    *(volatile uint32_t *)(uintptr_t)address = value;
    __asm volatile("" ::: "memory");
}

static inline uint32_t bus_address(const uint8_t *map) {
    return (uint32_t)(uintptr_t)map;
}
#endif

#endif
