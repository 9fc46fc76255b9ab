// SPDX-License-Identifier: Apache-2.0
// The port's part of the machine module; included by extmod/modmachine.c.
#include "fault.h"
#include "port.h"

static void mp_machine_idle(void) {
    port_wait(1);
}

NORETURN static void mp_machine_reset(void) {
    fault_restart("reset");
}

static mp_int_t mp_machine_reset_cause(void) {
    // The reason in words is motet_port.reset_reason(); this number only tells a first start from a restart.
    return strcmp(fault_reset_reason(), "power_on") != 0;
}
