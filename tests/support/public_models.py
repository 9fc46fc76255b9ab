# SPDX-License-Identifier: Apache-2.0
"""Public models that are not part of the repository: a folder beside it, or wherever MOTET_MODELS points."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("MOTET_MODELS", Path(__file__).resolve().parents[3] / "shared/models"))
REASON = f"no models folder at {FOLDER}: MOTET_MODELS may name one"
needed = pytest.mark.skipif(not FOLDER.is_dir(), reason=REASON)
