# SPDX-License-Identifier: Apache-2.0
# What Motet adds to MicroPython's rp2 port: motet_native, and motet_port over the wire on UART0.
include(${CMAKE_CURRENT_LIST_DIR}/../modules/motet_native/micropython.cmake)

set(MOTET_PORT ${MOTET_ROOT}/firmware/port)
add_library(usermod_motet_port INTERFACE)
target_sources(usermod_motet_port INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/hardfault.c
    ${CMAKE_CURRENT_LIST_DIR}/soc_rp2040.c
    ${MOTET_PORT}/fault.c
    ${MOTET_PORT}/motet_port.c
    ${MOTET_PORT}/random.c
    ${MOTET_PORT}/uart.c
    ${MOTET_PORT}/watch.c
)
# The store: [flash] of board.toml.
if(MOTET_FLASH_DRIVER)
    target_sources(usermod_motet_port INTERFACE
        ${MOTET_PORT}/flash/port_flash.c
        ${MOTET_PORT}/flash/flash_${MOTET_FLASH_DRIVER}.c
    )
    target_compile_definitions(usermod_motet_port INTERFACE ${MOTET_FLASH_DEFINES})
endif()
# The folder of our own port is not among the include folders: it has files of the same names as the rp2 port's.
target_compile_definitions(usermod_motet_port INTERFACE
    PORT_BOARD="${MOTET_BOARD}"
    PORT_MCU="${MOTET_MCU}"
    PORT_KEPT=".uninitialized_data.motet"
    PORT_RESET_ON_FAULT=1
    # The SDK's printf has only its own panics to print.
    PICO_PRINTF_SUPPORT_EXPONENTIAL=0
    PICO_PRINTF_SUPPORT_FLOAT=0
    PICO_PRINTF_SUPPORT_LONG_LONG=0
)
# machine.reset() goes through here, so that the next start knows.
# Every wait of the interpreter with a time limit goes through here, too.
target_link_options(usermod_motet_port INTERFACE -Wl,--wrap=watchdog_reboot -Wl,--wrap=mp_wfe_or_timeout)
target_link_libraries(usermod INTERFACE usermod_motet_port)
