"""R24: one page of documentation per function, in step with the interface.

The folder has an index, ``syscalls.md``, and ``syscalls/<name>.md`` per function, the name without
``zx_``.  A page begins with the function's name as its title and a summary; its sections are
Declaration, Description, Rights, Return value, Errors and See also.  Declaration, rights and errors
say what the interface's definition says; the words around them are free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from harness.rubric.rule import Interface, Rule
from zxio_py.abi.model import Call

SECTIONS: Final = (
    "Declaration",
    "Description",
    "Rights",
    "Return value",
    "Errors",
    "See also",
)

_LINK: Final = re.compile(r"\]\(syscalls/(\w+)\.md\)")
_ERROR: Final = re.compile(r"^\* `ZX_ERR_(\w+)`", re.MULTILINE)
_ITEM: Final = re.compile(r"^\* (.*(?:\n  .*)*)", re.MULTILINE)


def declaration(call: Call) -> str:
    """The prototype as a page shows it: a parameter per line where it has several."""
    if len(call.params) < 2:
        return call.prototype + ";"
    params = ",\n    ".join(f"{param.type} {param.name}" for param in call.params)
    return f"{call.returns} {call.name}(\n    {params});"


def page_sections(text: str) -> Mapping[str, str]:
    """The texts of a page by section; the title's own text stands under ``""``."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return {
        "": parts[0].strip(),
        **dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True)),
    }


def page_path(docs: Path, name: str) -> Path:
    """Where the page of a function is."""
    return docs / "syscalls" / f"{name.removeprefix('zx_')}.md"


def _documented(interface: Interface) -> Iterator[tuple[str, str]]:
    docs = interface.docs
    if docs is None:
        return
    index = _read(docs / "syscalls.md")
    linked = set(_LINK.findall(index or ""))
    if index is None:
        yield "syscalls.md", "there is no index of the pages"
    for name, call in interface.calls.items():
        if index is not None and name.removeprefix("zx_") not in linked:
            yield name, "the index does not link its page"
        text = _read(page_path(docs, name))
        if text is None:
            yield name, "it has no page of documentation"
        else:
            for message in _differences(call, text):
                yield name, message
    known = {name.removeprefix("zx_") for name in interface.calls}
    for path in sorted((docs / "syscalls").glob("*.md")):
        if path.stem not in known:
            yield f"zx_{path.stem}", f"{path.name} documents no function of the interface"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _differences(call: Call, text: str) -> Iterator[str]:
    sections = page_sections(text)
    title, _, summary = sections[""].partition("\n")
    if title != f"# {call.name}":
        yield "its page has another title"
    if not summary.strip():
        yield "its page has no summary"
    for missing in [name for name in SECTIONS if not sections.get(name)]:
        yield f"its page has no section {missing}"
    if sections.get("Declaration", "") != f"```c\n{declaration(call)}\n```":
        yield "its page declares it otherwise"
    if "Rights" in sections and rights(sections["Rights"]) != call.rights:
        yield "its page tells other rights"
    if "Errors" in sections and set(_ERROR.findall(sections["Errors"])) != set(call.errors):
        yield "its page tells other errors"


def rights(section: str) -> tuple[str, ...]:
    """The rights that a page tells, an item per handle."""
    return tuple(" ".join(item.split()).replace("`", "") for item in _ITEM.findall(section))


RULES = (
    Rule(
        "R24",
        "should",
        "Every function has its page of documentation, and the page says what the interface says.",
        "Write docs/zircon/syscalls/<name>.md, or have `zxh rubric pages` bring it into step.",
        good=(),
        bad=(),
        check_whole=_documented,
    ),
)
