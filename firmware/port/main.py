# SPDX-License-Identifier: Apache-2.0
import motet_port
print("motet on", motet_port.board, motet_port.reset_reason())
import time
while True:
    time.sleep_ms(500)
    print("tick", time.ticks_ms())
