# SPDX-License-Identifier: Apache-2.0
"""A Component.toml for a folder that has everything else: what is there says what stands in it."""

from __future__ import annotations

import re
from pathlib import Path

from motet.components import manifest as manifests
from motet.components import staging, wit
from motet.components.errors import ManifestError
from motet.components.witschema import one_line

_BY_SUFFIX = {".c": "c", ".zig": "zig", ".ts": "assemblyscript", ".rs": "rust"}
# Compilers of these find the other files by themselves.
_ROOTS = {"zig": "main.zig", "assemblyscript": "main.ts", "rust": "main.rs"}


def component_toml(folder: Path, name: str | None = None) -> str:
    """Its text, which holds. Raises ManifestError saying what is missing, or WitError."""
    called = name or re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")
    contract = _only(folder, ".wit", "a contract (*.wit); `motet new` starts one")
    document = wit.load(contract.read_text("utf-8", errors="replace"), contract.name)
    described = one_line(document.docs)[:200] if getattr(document, "docs", "") else f"{called}, in one sentence."
    header = [f'name = "{called}"', "revision = 1", f'description = "{_escaped(described)}"', f'wit = "{contract.name}"']
    text = "\n".join(["[component]", *header, "", *_made_of(folder, called)]) + "\n"
    manifests.parse(text, f"{folder.name}/{manifests.FILE_NAME}")
    return text


def _made_of(folder: Path, name: str) -> list[str]:
    files = [path.relative_to(folder) for path in staging.walk(folder)]
    found = {language: sorted(str(path) for path in files if path.suffix == suffix) for suffix, language in _BY_SUFFIX.items()}
    languages = [language for language, sources in found.items() if sources]
    if len(languages) > 1:
        raise ManifestError(f"{folder}: sources in {' and '.join(languages)}: a component is made of one language")
    if not languages:
        module = _only(folder, ".wasm", "sources or a module (*.wasm)")
        return [] if module.stem == name else [f'# The module is there already.\nwasm = "{module.name}"']
    (language,) = languages
    root = _ROOTS.get(language)
    if root is not None and root not in found[language]:
        raise ManifestError(f"{folder}: {language} starts at {root}, which is not there")
    sources = [root] if root is not None else found[language]
    listed = ", ".join(f'"{source}"' for source in sources)
    return ["[build]", f'language = "{language}"', f"sources = [{listed}]"]


def _only(folder: Path, suffix: str, what: str) -> Path:
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        raise ManifestError(f"{folder}: {len(found)} files *{suffix}, expected one: a component needs {what}")
    return found[0]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
