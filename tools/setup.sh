#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Set-up for `run` or `test`: system packages (apt), the virtual environment, the fetched sources.
# Idempotent, and quick when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

case $PWD in *[[:space:]]*) fail "make cannot build below a folder with a space in its name: $PWD" ;; esac
# One set-up of this folder at a time.
mkdir -p build/logs
exec 9>build/.setup.lock
! command -v flock >/dev/null || flock 9

# command to look for (in PATH and the sbin folders) : Debian package that brings it
needs="gcc:gcc xz:xz-utils arm-none-eabi-gcc:gcc-arm-none-eabi qemu-system-arm:qemu-system-arm clang-14|clang:clang wasm-ld-14|wasm-ld:lld
 wasm-opt:binaryen mosquitto:mosquitto"
[ "$purpose" = run ] || needs="$needs riscv64-unknown-elf-gcc:gcc-riscv64-unknown-elf qemu-system-riscv32:qemu-system-misc wat2wasm:wabt docker-registry:docker-registry git:git cmake:cmake"
# file to look for : package (things without a command of their own)
files="/usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring /usr/lib/arm-none-eabi/lib/nano.specs|/usr/lib/arm-none-eabi/newlib/nano.specs|/usr/arm-none-eabi/lib/nano.specs:libnewlib-arm-none-eabi"
[ "$purpose" = run ] || files="$files /usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs|/usr/lib/picolibc/riscv64-unknown-elf/lib/picolibc.ld:picolibc-riscv64-unknown-elf /usr/lib/arm-none-eabi/newlib/libstdc++_nano.a|/usr/lib/arm-none-eabi/lib/libstdc++_nano.a|/usr/arm-none-eabi/lib/libstdc++_nano.a:libstdc++-arm-none-eabi-newlib /usr/bin/rustc:rustc /usr/lib/rustlib/wasm32-unknown-unknown:libstd-rust-dev-wasm32"

missing=()
export PATH="$PATH:${MOTET_SBIN:-/usr/sbin:/sbin}"  # Debian keeps mosquitto out of a user's PATH
for need in $needs; do
    found=
    for name in $(tr '|' ' ' <<<"${need%%:*}"); do command -v "$name" >/dev/null && found=1; done
    [ -n "$found" ] || missing+=("${need##*:}")
done
for need in $files; do
    found=
    for name in $(tr '|' ' ' <<<"${need%%:*}"); do [ -e "$name" ] && found=1; done
    [ -n "$found" ] || missing+=("${need##*:}")
done
# libFuzzer is in clang's run-time library, which is a package of its own for each release.
if [ "$purpose" != run ]; then
    clang=$(command -v clang-14 || command -v clang || true)
    if [ -z "$clang" ]; then
        missing+=(libclang-rt-dev)
    elif [ ! -e "$("$clang" -print-resource-dir)/lib/linux/libclang_rt.fuzzer-$(uname -m).a" ]; then
        release=$("$clang" -dumpversion)
        missing+=("libclang-rt-${release%%.*}-dev")
    fi
fi

# The interpreter: a .venv with pip decides (without, its making was interrupted), else MOTET_PYTHON, else python3.
python=.venv/bin/python
$python -c 'import pip' 2>/dev/null || python=${MOTET_PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
    [ -z "${MOTET_PYTHON:-}" ] || fail "MOTET_PYTHON is $MOTET_PYTHON, which is not there"
    missing+=(python3 python3-venv python3-dev)
else
    [ "$python" = .venv/bin/python ] || "$python" -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    "$python" -c 'import sysconfig,os,sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' || missing+=(python3-dev)
fi

if [ ${#missing[@]} -gt 0 ]; then
    install="apt-get install -y --no-install-recommends ${missing[*]}"
    command -v apt-get >/dev/null || fail "missing: ${missing[*]}; this machine has no apt-get, install them with its own package manager"
    if [ "$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null; then as="sudo "; else
        fail "missing: ${missing[*]}; there is no sudo here, so as root run: apt-get update && $install"
    fi
    say "installing ${missing[*]} (apt, about two minutes)"
    { $as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as env DEBIAN_FRONTEND=noninteractive $install; } >build/logs/apt.log 2>&1 \
        || fail "apt could not install ${missing[*]} ($(tail -1 build/logs/apt.log)); by hand: ${as}apt-get update && $as$install"
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$python" -V) is too old, Motet needs Python 3.11 or newer; set MOTET_PYTHON to one"

# Debian's python3 has no pip of its own; the environment's fetches the sources, too.
if [ "$python" != .venv/bin/python ]; then
    rm -f .venv/.stamp .venv/bin/python*
    "$python" -m venv .venv
fi
.venv/bin/python tools/fetch.py wasm3 monocypher micropython
[ "$purpose" = run ] || .venv/bin/python tools/fetch.py mbedtls pico-sdk tinyusb

# The virtual environment is current when it was made from these very files.
stamp=$(cat pyproject.toml setup.py tools/constraints.txt | sha256sum | cut -c1-32)
if [ "$(cat .venv/.stamp 2>/dev/null)" != "$stamp" ]; then
    say "Python packages into .venv (about a minute)"
    {
        .venv/bin/python -m pip install -q --disable-pip-version-check -c tools/constraints.txt pip setuptools wheel &&
        .venv/bin/python -m pip install -q --disable-pip-version-check -c tools/constraints.txt --no-build-isolation -e '.[dev]'
    } >build/logs/pip.log 2>&1 || { tail -5 build/logs/pip.log >&2; fail "pip failed (full log: build/logs/pip.log); without a network, point pip at a local index with PIP_INDEX_URL"; }
    echo "$stamp" >.venv/.stamp
fi
# Its npm comes with the virtual environment.
[ "$purpose" = run ] || .venv/bin/python tools/fetch.py rp2040js assemblyscript conformance
# Debian's unstable suite keeps no old versions: without it tests grow their random modules with binaryen alone.
[ "$purpose" = run ] || .venv/bin/python tools/fetch.py wasm-tools || say "going on without wasm-tools"

# The C extension follows its sources: rebuilt in place when one of them is newer.
built=firmware/cpython/motet_native/_native$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
if [ ! -e "$built" ] || [ -n "$(find firmware/native firmware/cpython third_party/wasm3 third_party/monocypher setup.py -newer "$built" \( -name '*.[ch]' -o -name setup.py \) -print -quit)" ]; then
    say "building the native extension"
    .venv/bin/python setup.py -q build_ext --inplace >build/logs/native.log 2>&1 || { grep -E 'error' build/logs/native.log | head -5 >&2 || true; fail "the native extension did not build (full log: build/logs/native.log)"; }
    touch "$built"
fi
