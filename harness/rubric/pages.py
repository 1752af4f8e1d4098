"""Bringing the pages of documentation into step with the interface.

Only what the interface's definition tells is written: index, titles, declarations, rights, and
which errors there are.  Words that people wrote are kept; a page that has none yet gets no
summary and no description, and rule R24 goes on saying so.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.rubric.documentation import SECTIONS, declaration, page_path, page_sections
from harness.rubric.rule import Interface
from zxio_py.abi.model import Call

#: What an error means where a page does not say it more precisely.
_MEANINGS: Final = {
    "ACCESS_DENIED": "a handle lacks a right that the call needs, or a policy forbids it.",
    "BAD_HANDLE": "a handle value is not valid in the calling process.",
    "BAD_STATE": "the object is in a state that does not allow it.",
    "BUFFER_TOO_SMALL": "the buffer is too small for what it is to hold.",
    "INVALID_ARGS": "an argument has a value that is not allowed, or a pointer is bad.",
    "NOT_SUPPORTED": "the object or the machine does not support it.",
    "OUT_OF_RANGE": "a number is out of the range of what it counts.",
    "PEER_CLOSED": "the other end is closed.",
    "SHOULD_WAIT": "nothing can be done now; wait until the object's signals say otherwise.",
    "TIMED_OUT": "the deadline passed first.",
    "WRONG_TYPE": "a handle is to an object of another type.",
}
_ITEM: Final = re.compile(r"^\* `ZX_ERR_(\w+)`:? ?(.*(?:\n  .*)*)", re.MULTILINE)


def write_pages(interface: Interface, docs: Path) -> int:
    """Write what differs; how many files those were."""
    (docs / "syscalls").mkdir(parents=True, exist_ok=True)
    texts = {docs / "syscalls.md": _index(interface, docs)}
    for call in interface.calls.values():
        path = page_path(docs, call.name)
        texts[path] = page(call, path.read_text(encoding="utf-8") if path.is_file() else "")
    changed = [path for path, text in texts.items() if _write(path, text)]
    return len(changed)


def _write(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def page(call: Call, old: str) -> str:
    """The page of a call, with the words of the one there is."""
    sections = page_sections(old) if old else {"": ""}
    summary = sections[""].partition("\n")[2].strip()
    parts = {
        "Declaration": f"```c\n{declaration(call)}\n```",
        "Description": sections.get("Description", ""),
        "Rights": "\n".join(_item(line) for line in call.rights) or "None.",
        "Return value": sections.get("Return value") or _return_value(call),
        "Errors": "\n".join(_errors(call, sections.get("Errors", ""))) or "None.",
        "See also": sections.get("See also", ""),
    }
    lines = [f"# {call.name}", "", *([summary, ""] if summary else [])]
    for name in SECTIONS:
        lines += [f"## {name}", "", *([parts[name], ""] if parts[name] else [])]
    return "\n".join(lines).rstrip() + "\n"


def _return_value(call: Call) -> str:
    if call.returns == "zx_status_t":
        return "`ZX_OK` on success, otherwise one of the errors below."
    return "It does not return." if "noreturn" in call.attributes else ""


def _errors(call: Call, section: str) -> Iterator[str]:
    words = dict(_ITEM.findall(section))
    for name in dict.fromkeys(call.errors):
        words_of = words.get(name) or _MEANINGS.get(name, "")
        yield _item(" ".join(f"`ZX_ERR_{name}`: {words_of}".split()))


def _item(text: str) -> str:
    """An item of a list, in lines of at most 100 characters."""
    return textwrap.fill(
        text,
        100,
        initial_indent="* ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _index(interface: Interface, docs: Path) -> str:
    lines = [
        "# System calls",
        "",
        "One page per function of the interface; `zxh rubric check` holds them in step with its",
        "definition in `zxio_py/abi`, `zxh rubric pages` brings them there.",
    ]
    categories: dict[str, list[Call]] = {}
    for call in interface.calls.values():
        categories.setdefault(call.category or "other", []).append(call)
    for category, calls in sorted(categories.items()):
        lines += ["", f"## {category}", ""]
        for call in sorted(calls, key=lambda call: call.name):
            name = call.name.removeprefix("zx_")
            lines.append(f"* [{call.name}](syscalls/{name}.md){_summary(page_path(docs, name))}")
    return "\n".join(lines) + "\n"


def _summary(path: Path) -> str:
    """The first sentence of a page's summary, to stand behind its link."""
    if not path.is_file():
        return ""
    summary = page_sections(path.read_text(encoding="utf-8"))[""].partition("\n")[2].strip()
    sentence = " ".join(summary.split()).partition(". ")[0].rstrip(".")
    return f": {sentence}" if sentence else ""
