"""A batch of programs on its way to a target of another edition and back.

For targets: rewrite what comes, run what can be said, and give the results back as if the
originals had run.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.edition.rewrite import Refusal, Rewritten, rewrite
from harness.program.model import Program
from harness.program.observation import ProgramObservation
from zxio_py.abi.editions import Edition


class Translator:
    """Rewrites for one edition and remembers: a program that runs again is rewritten once."""

    def __init__(
        self, edition: Edition, *, avoid_defects: bool = False, remembered: int = 4096
    ) -> None:
        """*avoid_defects* refuses programs that would take the kernel down; *remembered* is how
        many programs are kept, the oldest leaving first."""
        self.edition = edition
        self._avoid_defects = avoid_defects
        self._remembered = remembered
        # By identity; the program is kept beside its rewriting so that the identity stays its own.
        self._known: dict[int, tuple[Program, Rewritten | Refusal]] = {}

    def rewrite(self, program: Program) -> Rewritten | Refusal:
        """The program in the edition's calls, or why not."""
        known = self._known.get(id(program))
        if known is not None:
            return known[1]
        found = rewrite(program, self.edition, avoid_defects=self._avoid_defects)
        if len(self._known) >= self._remembered:
            del self._known[next(iter(self._known))]
        self._known[id(program)] = (program, found)
        return found

    def batch(self, programs: Sequence[Program]) -> Batch:
        """Rewrite a batch."""
        return Batch([(program, self.rewrite(program)) for program in programs])


class Batch:
    """Programs of one batch: those to run, and the way back."""

    def __init__(self, entries: Sequence[tuple[Program, Rewritten | Refusal]]) -> None:
        self._entries = entries
        #: What is to be run, in the order of the originals; without what cannot be said.
        self.programs = [found.program for _, found in entries if isinstance(found, Rewritten)]

    def restore(self, seen: Sequence[ProgramObservation]) -> list[ProgramObservation]:
        """One observation per original from one per rewritten program, in order.

        Programs that cannot be said end "refused", with the reason.
        """
        observed = iter(seen)
        return [
            found.restore(next(observed))
            if isinstance(found, Rewritten)
            else ProgramObservation(program.name, ending="refused", error=found.reason)
            for program, found in self._entries
        ]
