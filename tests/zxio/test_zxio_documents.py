"""What docs/zxio.md shows does what it says."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from harness.build.toolchain import ROOT
from zxio_py.zxio import Ops

PAGE = (ROOT / "docs" / "zxio.md").read_text(encoding="utf-8")
BLOCKS = [
    "".join(line[4:] or "\n" for line in block.splitlines(keepends=True))
    for block in re.findall(r"(?:^(?:    .*)?\n)+", PAGE, re.MULTILINE)
    if block.strip()
]


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_examples_run(block: str) -> None:
    exec(compile(block, "docs/zxio.md", "exec"), {})


def test_there_are_examples_of_everything() -> None:
    assert len(BLOCKS) == 5
    assert {"clone", "truncate", "shutdown"} < {field.name for field in fields(Ops)}
