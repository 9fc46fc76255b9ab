# SPDX-License-Identifier: Apache-2.0
# Frozen as main.py: a board that serves the fixture of the conformance suite beside its own tools.
from motet_conformance.provider import Conformance

from motet_core import board

board.main((Conformance,))
