"""The pages of our own interface: what they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.rubric.cli import OUR_DOCS
from zxio_py import abi

PAGES = sorted(OUR_DOCS.rglob("*.md"))

#: Names that belong to the interface, but are made by macros with parameters.
MACROS = {"ZX_CLOCK_ARGS_VERSION"}

NAME = re.compile(r"`(ZX_[A-Z0-9_]*[A-Z0-9])(\.\.\.|_\.\.\.)?[^`]*`")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_constants_and_functions_on_a_page_exist(path: Path) -> None:
    text = path.read_text()
    for name, more in NAME.findall(text):
        if more:
            assert any(constant.startswith(name) for constant in abi.CONSTANTS), name
        else:
            assert name in abi.CONSTANTS or name in MACROS, name
    for name in re.findall(r"\bzx_\w+", text):
        assert name in abi.CALLS or name.endswith("_t"), name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).is_file(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_lines_are_short(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert len(line) <= 100 or line.startswith("* [")
