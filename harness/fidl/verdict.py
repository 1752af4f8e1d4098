"""What becomes of a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class Wrong(Exception):
    """A case does not give what it must; the text says what it gave."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one case."""

    name: str
    #: The kind of a conformance case; of a transactional one, its outcome.
    kind: str
    verdict: Literal["pass", "fail", "skip"]
    #: Why, unless it passed.
    detail: str = ""
