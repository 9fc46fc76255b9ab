# SPDX-License-Identifier: Apache-2.0
"""Package layout and the C extension: the parts of the build that pyproject.toml cannot express."""

import subprocess
import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.modified import newer_group

ROOT = Path(__file__).parent
WASM3 = Path("third_party/wasm3")
MONOCYPHER = Path("third_party/monocypher")
NATIVE = Path("firmware/native")
BINDING = Path("firmware/cpython")
# Data that the product reads at run time, shipped inside the wheel under motet.data.
DATA = {"boards": "boards", "wit": "wit", "models": "models", "examples": "examples", "renode": "renode"}
# Struct layouts inside wasm3 depend on these: one list for all builds.
DEFINES = [line for line in (ROOT / NATIVE / "defines.list").read_text().splitlines() if not line.startswith("#")]
WASM3_CONFIG = [(name, value) for name, _, value in (line.partition("=") for line in DEFINES)]
WASM3_MEMORY = WASM3_CONFIG + [(name, f"motet_wasm_{name}") for name in ("calloc", "realloc", "free")]
# 13 KB less code on small parts; the same everywhere, so that both builds are one.
MONOCYPHER_CONFIG = [("BLAKE2_NO_UNROLLING", "1")]


class Build(build_ext):
    """Fetches wasm3 and Monocypher when they are not there or not as pinned (they are in the sdist, never in git)."""

    def run(self):
        for folder, header in ((WASM3, "wasm3.h"), (MONOCYPHER, "monocypher.h")):
            if not (ROOT / folder / header).exists() or (ROOT / folder / ".fetched").exists():
                subprocess.run([sys.executable, str(ROOT / "tools/fetch.py"), folder.name], check=True)
        super().run()

    def build_extension(self, extension):
        """What is not ours is compiled apart: its warnings are not ours, and wasm3's memory comes from native/wasm/alloc.c."""
        extension.depends += [str(path) for folder in (WASM3, MONOCYPHER) for path in sorted(folder.glob("*.[ch]"))]
        inputs = [*extension.sources, *extension.depends]
        if self.force or newer_group(inputs, self.get_ext_fullpath(extension.name), "newer"):
            extension.extra_objects = self.compile_apart(extension, WASM3, WASM3_MEMORY)
            extension.extra_objects += self.compile_apart(extension, MONOCYPHER, MONOCYPHER_CONFIG)
        super().build_extension(extension)

    def compile_apart(self, extension, folder, macros):
        return self.compiler.compile(
            [str(path) for path in sorted(folder.glob("*.c"))],
            output_dir=self.build_temp,
            macros=macros,
            include_dirs=extension.include_dirs,
            extra_postargs=[*extension.extra_compile_args, "-w"],
        )


class BuildPython(build_py):
    """Adds the engine for 32-bit boards (tools/nn32), where clang can compile it; without, `motet model check` estimates."""

    def run(self):
        super().run()
        if not self.editable_mode:
            made = Path(self.build_lib) / "motet/models/engine32.wasm"
            subprocess.run([sys.executable, str(ROOT / "tools/nn32/build.py"), str(made.resolve())], check=False)


def sources():
    return [str(path) for path in (*sorted(NATIVE.rglob("*.c")), *sorted(BINDING.glob("*.c")))]


# Data files beside the modules; *.in are templates.
KINDS = ("html", "css", "js", "cedar", "in")

packages = (
    [p for p in find_packages("host") if p.split(".")[0] == "motet"]
    + [p for p in find_packages("firmware") if p.split(".")[0] == "motet_core"]
    + ["motet_native"]
    + [f"motet.data.{name}" for name in DATA]
)

setup(
    packages=packages,
    package_dir={
        "motet": "host/motet",
        "motet_core": "firmware/motet_core",
        "motet_native": "firmware/cpython/motet_native",
        **{f"motet.data.{name}": folder for name, folder in DATA.items()},
    },
    package_data={
        "motet": ["py.typed", *(f"**/*.{kind}" for kind in KINDS), "emulate/rp2040/*.mjs", "emulate/rp2040/*.json"],
        "motet_native": ["py.typed", "*.pyi"],
        **{f"motet.data.{name}": ["*", "**/*"] for name in DATA},
    },
    ext_modules=[
        Extension(
            "motet_native._native",
            sources=sources(),
            include_dirs=[str(WASM3), str(MONOCYPHER), str(NATIVE), str(BINDING)],
            define_macros=[*WASM3_CONFIG, ("MOTET_THREADS", "1"), ("MOTET_WASM_ELSEWHERE", "1")],
            extra_compile_args=["-std=c11", "-O2", "-fno-strict-aliasing", "-fomit-frame-pointer", "-fvisibility=hidden"],
            depends=[str(path) for folder in (NATIVE, BINDING) for path in folder.rglob("*.h")],
        )
    ],
    cmdclass={"build_ext": Build, "build_py": BuildPython},
)
