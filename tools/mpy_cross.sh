#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds mpy-cross from the MicroPython tree that the firmware is built from and prints its path. Does nothing when it is
# there already. Every MicroPython build calls it, so that the byte code always fits the interpreter:
#   MICROPY_MPYCROSS = $(shell tools/mpy_cross.sh)
# MICROPYTHON_DIR names another source tree. Nothing is written into the source tree.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
micropython=$(cd "${MICROPYTHON_DIR:-$root/third_party/micropython}" && pwd)
build=$root/build/mpy-cross
mkdir -p "$build"
# Concurrent builds of edge and port must not compile into the same folder at once. The options of an outer make would be
# taken over by the inner one.
(
    flock 9
    env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL PYTHONDONTWRITEBYTECODE=1 \
        make -s -j2 -C "$micropython/mpy-cross" BUILD="$build" PROG=mpy-cross USER_C_MODULES= >"$build/build.log" 2>&1 ||
        { tail -n 20 "$build/build.log" >&2; exit 1; }
) 9>"$build/.lock"
echo "$build/mpy-cross"
