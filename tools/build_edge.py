# SPDX-License-Identifier: Apache-2.0
"""The edge node: the device core on MicroPython for the machine that builds it."""

from __future__ import annotations

import hashlib
import subprocess

from build_steps import BUILD, LOGS, ROOT, BuildError, fetch, freeze_anew, locked, micropython, need, prepare, run_logged, say

SOURCE = ROOT / "firmware/edge"
CORE = ROOT / "firmware/motet_core"
BINARY = BUILD / "edge/motet-edge"


def build(tls: bool = True) -> dict[str, object]:
    """-> {"elf": path, "bytes": size, "tls": whether it speaks TLS}. Raises BuildError."""
    need("gcc", "build-essential")
    tree = micropython()
    if tls:
        fetch("mbedtls")
        if not (tree / "lib/mbedtls/library/ssl_tls.c").is_file():
            raise BuildError(f"{tree}/lib/mbedtls is empty: fetch that submodule, or build without TLS (make edge TLS=0)")
    with locked(BINARY.parent):
        # MicroPython's makefiles do not see that their flags are others than those of the objects.
        prepare(BINARY.parent, options(tls), "options")
        freeze_anew(BINARY.parent, "\n".join(sorted(str(path.relative_to(CORE)) for path in CORE.rglob("*.py"))))
        if not BINARY.exists():
            say("edge: compiling, about a minute")
        command = ["make", "-j2", "-C", str(SOURCE), f"MICROPYTHON_DIR={tree}", f"TLS={int(tls)}"]
        run_logged(LOGS / "edge.log", command)
    say(f"edge: {BINARY.stat().st_size:,} bytes{'' if tls else ', without TLS'}")
    return {"elf": str(BINARY), "bytes": BINARY.stat().st_size, "tls": tls}


def options(tls: bool) -> str:
    """Digests of all that decides how an object is compiled, besides the sources themselves."""
    files = [SOURCE / "Makefile", SOURCE / "manifest.py", *sorted((SOURCE / "variant").glob("*.[mh]*"))]
    files += sorted((ROOT / "firmware/modules").glob("*/micropython.mk"))
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    told = [f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return "\n".join([compiler, f"TLS={int(tls)}", *told, ""])
