"""Reading the text files that say what a library may import and export."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from harness.errors import InputError

#: The largest list, in bytes; none of people's is near it.
_MAX_LIST: Final = 1 << 26
#: Among more names than this no nearest one is looked for.
_MAX_CANDIDATES: Final = 4000


def read_text(path: Path) -> str:
    """The contents of a list; `InputError` names the file."""
    try:
        if not path.is_file() and path.exists():
            raise InputError("not a regular file", where=str(path))
        if path.stat().st_size > _MAX_LIST:
            raise InputError("too long for a list", where=str(path))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", where=str(path)) from None


def nearest(name: str, candidates: Collection[str]) -> str:
    """The candidate most like *name*, if one is; else empty."""
    if len(candidates) > _MAX_CANDIDATES:
        return ""
    close = get_close_matches(name, candidates, n=1, cutoff=0.8)
    return close[0] if close else ""


def one_line(text: str) -> str:
    """Text for one line: what could be taken for the end of it is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable(name: str) -> str:
    """A name as one word of a line."""
    return one_line(name).replace(" ", "\\x20")
