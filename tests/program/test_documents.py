"""What the documents say of programs is what the reader of programs takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.program import arguments, items, model, parse

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("document", ["README.md", "docs/programs.md"])
def test_example_programs_are_well_formed(document: str) -> None:
    text = (ROOT / document).read_text()
    blocks = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    programs = [block for block in blocks if block.lstrip().startswith(('[{"name"', '{"name"'))]
    assert programs
    for block in programs:
        found = block if block.lstrip().startswith("[") else f"[{block}]"
        assert parse.parse_programs(found.encode(), document)


def test_every_form_is_described() -> None:
    text = (ROOT / "docs/programs.md").read_text()
    words = set(re.findall(r"[$\w]+", text))
    options = {word for _, more in arguments._FORMS.values() for word in more}
    forms = arguments._FORMS.keys() | items._ITEMS.keys() | options
    steps = {call for call in parse.DEFAULT_RETURNS if call.startswith("$")}
    keys = parse._PROGRAM_KEYS | parse._STEP_KEYS | set(model.GIVEN_SLOTS)
    assert forms | steps | keys <= words
