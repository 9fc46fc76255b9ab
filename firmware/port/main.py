# SPDX-License-Identifier: Apache-2.0
# Frozen as main.py: what the board runs after boot.
import motet_port

from motet_core import board

print("motet on", motet_port.board, "after", motet_port.reset_reason())
board.main()
