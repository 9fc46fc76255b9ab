# SPDX-License-Identifier: Apache-2.0
# Frozen as main.py: what the board runs after boot. Ctrl-C on the USB console ends it and gives a shell.
import sys
import time

import machine
import motet_port

from motet_core import board

_LIMIT_MS = 30000
_NO_LIMIT_MS = 0x3FFFFFFF

print("motet on", motet_port.board, "after", motet_port.reset_reason())
if motet_port.last_fault():
    print("the run before ended with", motet_port.last_fault())
motet_port.watchdog(_LIMIT_MS)
try:
    board.main()
except Exception as error:
    sys.print_exception(error)
    # Time for the last words to leave, and for a board that crashes at every start to be seen and reached.
    time.sleep(1)
    machine.reset()
finally:
    motet_port.watchdog(_NO_LIMIT_MS)
