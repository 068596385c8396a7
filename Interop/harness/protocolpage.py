"""What the tables of Docs/protocol.md name."""

from __future__ import annotations

import re

from harness.context import ROOT

PAGE = ROOT / "Docs" / "protocol.md"
TITLES = {"client": "What a client sends", "server": "What the server sends"}


def first_cells(title: str) -> list[str]:
    """The first cells of the first table of a chapter, less its head."""
    chapter = PAGE.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = re.search(r"(?:^\|.*\n)+", chapter, re.M).group(0).splitlines()[2:]
    return [row.split("|")[1] for row in rows]


def types(side: str) -> set[str]:
    """The types of the messages of one side."""
    return {name for cell in first_cells(TITLES[side]) for name in re.findall("`([^`]+)`", cell)}


def error_codes() -> set[str]:
    """The codes that an error can have."""
    return {name for cell in first_cells("Errors") for name in re.findall("`([^`]+)`", cell)}


def close_codes() -> set[int]:
    """The codes that a connection can be closed with."""
    return {int(code) for cell in first_cells("Close codes") for code in re.findall(r"\d+", cell)}
