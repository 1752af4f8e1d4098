"""R24, pages of documentation, and R28, properties."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.rubric import Interface, check_interface
from harness.rubric.documentation import page_path
from harness.rubric.pages import write_pages
from zxio_py import abi
from zxio_py.abi.model import Property

EVENT = abi.CALLS["zx_event_create"]
CALLS = {EVENT.name: EVENT, "zx_object_signal": abi.CALLS["zx_object_signal"]}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Documentation of two functions that is as it should be."""
    write_pages(Interface(CALLS, {}), tmp_path)
    for name in CALLS:
        path = page_path(tmp_path, name)
        text = path.read_text()
        text = text.replace(f"# {name}\n", f"# {name}\n\nDoes it.\n", 1)
        text = text.replace("## Description\n", "## Description\n\nIt does this and that.\n")
        path.write_text(text.rstrip() + "\n\nOthers.\n")
    write_pages(Interface(CALLS, {}), tmp_path)
    return tmp_path


def findings(docs: Path) -> list[tuple[str, str]]:
    result = check_interface(Interface(CALLS, {}, docs=docs))
    return [(f.function, f.message) for f in result.findings if f.rule == "R24"]


def test_pages_in_step_have_no_finding(docs: Path) -> None:
    assert findings(docs) == []
    assert (
        "[zx_event_create](syscalls/event_create.md): Does it\n"
        in (docs / "syscalls.md").read_text()
    )


def test_writing_pages_again_changes_nothing(docs: Path) -> None:
    assert write_pages(Interface(CALLS, {}), docs) == 0


def test_a_page_without_words_is_not_one(tmp_path: Path) -> None:
    write_pages(Interface(CALLS, {}), tmp_path)
    assert ("zx_event_create", "its page has no summary") in findings(tmp_path)
    assert ("zx_event_create", "its page has no section Description") in findings(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# zx_event_create", "# zx_event", "its page has another title"),
        ("uint32_t options", "uint64_t options", "its page declares it otherwise"),
        ("Does it.", "", "its page has no summary"),
        ("## Errors", "## Faults", "its page has no section Errors"),
        ("* `ZX_ERR_INVALID_ARGS`", "* `ZX_ERR_INTERNAL`", "its page tells other errors"),
        ("## Rights\n\n", "## Rights\n\n* handle: WRITE\n\n", "its page tells other rights"),
    ],
)
def test_a_page_that_differs_is_found(docs: Path, old: str, new: str, message: str) -> None:
    path = page_path(docs, EVENT.name)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert findings(docs) == [(EVENT.name, message)]


def test_pages_that_are_missing_unlinked_or_of_nothing_are_found(docs: Path) -> None:
    page_path(docs, "zx_event_destroy").write_text("# zx_event_destroy\n")
    page_path(docs, EVENT.name).unlink()
    index = docs / "syscalls.md"
    index.write_text(index.read_text().replace("syscalls/object_signal.md", "elsewhere.md"))
    assert findings(docs) == [
        ("zx_event_create", "it has no page of documentation"),
        ("zx_object_signal", "the index does not link its page"),
        ("zx_event_destroy", "event_destroy.md documents no function of the interface"),
    ]
    index.unlink()
    assert ("syscalls.md", "there is no index of the pages") in findings(docs)


@pytest.mark.parametrize(
    ("item", "caught"),
    [
        (Property("ZX_PROP_A", 1, ("process",), settable=False), True),
        (Property("ZX_PROP_A", 1, ("vmo",), settable=False), True),
        (Property("ZX_PROP_A", 1, ("process", "job"), settable=False), False),
        (Property("ZX_PROP_A", 1, ("process",)), False),
        (Property("ZX_PROP_A", 1, (), settable=False), False),
        (Property("ZX_PROP_A", 1, ("thread",), readable=False), False),
    ],
)
def test_what_is_read_only_and_of_one_type_is_information(item: Property, caught: bool) -> None:
    found = check_interface(Interface({}, {}, properties=(item,))).findings
    assert [f.rule for f in found] == ["R28"] * caught
