# SPDX-License-Identifier: Apache-2.0
"""Symbols of an image."""

from __future__ import annotations

from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from motet.emulate.keywords.errors import KeywordError


def symbol(image: Path, name: str) -> int:
    """Address of a symbol, without Thumb's lowest bit. Raises KeywordError."""
    try:
        with image.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            found = table.get_symbol_by_name(name) if isinstance(table, SymbolTableSection) else None
            thumb = elf["e_machine"] == "EM_ARM" and found and found[0]["st_info"]["type"] == "STT_FUNC"
    except (ELFError, OSError) as error:
        raise KeywordError(f"{image}: no ELF image that could be read: {error}") from None
    if not found:
        raise KeywordError(f"No symbol with name `{name}` found.")
    return int(found[0]["st_value"]) & ~1 if thumb else int(found[0]["st_value"])
