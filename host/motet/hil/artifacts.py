# SPDX-License-Identifier: Apache-2.0
"""The artifacts that suites install on boards."""

from __future__ import annotations

from pathlib import Path

from motet.components.admission import Admitted
from motet.components.packages import accept, read
from motet.paths import data


def artifacts(folder: Path) -> dict[str, str]:
    """The example component, admitted, as a file in `folder`, and a model. Raises ComponentError, OSError."""
    admitted = accept(read(data("examples") / "vote"))
    assert isinstance(admitted, Admitted)
    folder.mkdir(parents=True, exist_ok=True)
    (component := folder / "vote.artifact").write_bytes(admitted.artifact)
    revision = admitted.manifest.component.revision
    return {"COMPONENT": str(component), "REVISION": str(revision), "MODEL": str(data("models") / "digits" / "digits.tflite")}
