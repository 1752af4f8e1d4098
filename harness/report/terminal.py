"""What a person sees of a run: progress while it works, the table, what went wrong."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from harness.checks import Check
from harness.report.counts import by_family, by_origin, totals
from harness.run import Outcome, Run

if TYPE_CHECKING:
    from harness.fuzz.after import Found

#: Divergences and losses described in full; the rest is in the JSON report.
DESCRIBED = 20
#: Columns where there is no terminal.
PLAIN_WIDTH = 100
#: Rows of an edition's table, or reasons for leaving programs out, named on the screen.
TOLD = 12

_ORIGINS = {
    "suite": "suite",
    "real": "recorded on Zircon",
    "derived": "recorded, 2022 answer",
}


#: Outcomes for a reason that lies in the target, and the words for them in the table: kernels of
#: another edition, and the host, which runs no machine code.
_EXCUSED: Mapping[Outcome, str] = {
    "known difference": "known",
    "not rewritten": "unsaid",
    "not emulatable": "code",
}
_TROUBLES: tuple[Outcome, ...] = ("unstable", "lost", "not run")


class ProgressView:
    """Progress on standard error: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, quiet: bool = False, what: str = "programs") -> None:
        """*console* must write to standard error; *quiet* shows nothing; *what* is counted."""
        self._console = console
        self._what = what
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._started = time.monotonic()
        self._said = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._bar = Progress(
                TextColumn(f"{{task.completed}}/{{task.total}} {self._what}"),
                BarColumn(),
                TextColumn("{task.fields[rate]}"),
                TextColumn("{task.fields[diverged]}"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("run", total=None, rate="", diverged="")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int, diverged: int) -> None:
        """Show that *done* of *total* programs are done."""
        if self._quiet:
            return
        now = time.monotonic()
        rate = f"{done / max(now - self._started, 1e-9):,.0f}/s"
        trouble = f"{diverged} diverged" if diverged else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, rate=rate, diverged=trouble)
        elif now - self._said >= 2 or done == total:
            self._said = now
            parts = [f"{done}/{total} {self._what}", rate, trouble]
            self._console.print(", ".join(part for part in parts if part), highlight=False)


def show(run: Run, checks: Sequence[Check], console: Console) -> None:
    """Print the table of a run and what went wrong."""
    console.print(_table(run, checks))
    _describe_editions(run, console)
    _describe(run, console)
    for check in checks:
        for finding in check.findings[:DESCRIBED]:
            where = " ".join(filter(None, (check.kind, check.target, check.subject)))
            console.print(f"[red]{escape(where)}[/]: {escape(finding)}")


def describe_shrunk(found: Found, console: Console) -> None:
    """Print one divergence, the smallest program that shows it, and both results of that."""
    shrunk = found.shrunk
    targets = shrunk.targets if shrunk is not None else ()
    where = ", ".join(targets or (found.kind.target,))
    console.print(
        f"[bold]{escape(found.verdict.case.program.name)}[/] on [bold]{where}[/]: "
        f"{escape(str(found.kind))}",
        highlight=False,
    )
    if shrunk is None:
        text = "held against each other the targets agree: it is from the recorded result"
        console.print(f"  {text}", markup=False, highlight=False)
        return
    console.print(f"  {shrunk.summary()}: {found.path}", markup=False, highlight=False)
    if not shrunk.shown:
        return
    shown = shrunk.verdict
    if shown is None or shown.result is None or shown.reference is None:
        from harness.report.sidebyside import call_text

        for step in shrunk.program.all_steps():
            console.print(f"    {call_text(step)}", markup=False, highlight=False)
    else:
        from harness.report.sidebyside import side_by_side

        names = shown.reference_name, shown.target
        sides = shown.reference, shown.result
        console.print(side_by_side(shrunk.program, *sides, names, brief=True))


def verdict_line(run: Run, checks: Sequence[Check]) -> str:
    """The run in one line."""
    failed = [check for check in checks if not check.passed]
    diverged, lost, unstable = (run.count(o) for o in ("diverge", "lost", "unstable"))
    compared = len(run.verdicts) - len({id(v.case) for v in run.all() if v.outcome == "not run"})
    parts = [f"{compared} programs on {len(run.targets)} targets in {run.seconds:.1f} s"]
    if diverged:
        parts.append(f"{diverged} divergences")
    known, unsaid = run.count("known difference"), run.count("not rewritten")
    code = run.count("not emulatable")
    if known:
        parts.append(f"{known} known edition differences")
    if unsaid:
        parts.append(f"{unsaid} cannot be rewritten for their edition")
    if code:
        parts.append(f"{code} not emulatable, since they run machine code")
    if lost:
        parts.append(f"{lost} lost with their machine")
    if unstable:
        parts.append(f"{unstable} unstable (agreed when run again on a reset machine)")
    if failed:
        parts.append(f"{len(failed)} failed checks")
    if run.stopped:
        parts.append(f"ended early: {run.stopped.splitlines()[0]}")
    elif not diverged and not lost and not failed:
        parts.append("all else agrees" if known or unsaid or code else "all agree")
    return "; ".join(parts)


def _table(run: Run, checks: Sequence[Check]) -> Table:
    table = Table(title="agree / diverge / not implemented", title_justify="left")
    table.add_column("family")
    table.add_column("programs", justify="right")
    for target in run.targets:
        table.add_column(target.name, justify="right")
    names = [target.name for target in run.targets]
    for rows, last in ((by_family(run), True), (by_origin(run), True), (totals(run), True)):
        for index, (key, counts) in enumerate(rows.items()):
            number = sum(counts[names[0]].values())
            cells = [_cell(counts[name]) for name in names]
            table.add_row(
                _ORIGINS.get(key, key),
                str(number),
                *cells,
                end_section=last and index + 1 == len(rows),
            )
    subjects = dict.fromkeys((check.kind, check.subject) for check in checks)
    for kind, subject in subjects:
        about = [check for check in checks if (check.kind, check.subject) == (kind, subject)]
        table.add_row(f"{kind}: {subject}", "", *(_check_cell(about, name) for name in names))
    return table


def _check_cell(about: Sequence[Check], target: str) -> Text:
    """What the checks of one subject say of a target."""
    concerning = [check for check in about if check.target in ("", target)]
    if not concerning:
        return Text()
    passed = all(check.passed for check in concerning)
    return Text("pass", "green") if passed else Text("FAIL", "bold red")


def _cell(counts: Counter[Outcome]) -> Text:
    agree, diverge, missing = (counts[key] for key in ("agree", "diverge", "not implemented"))
    text = Text()
    text.append(str(agree), "green" if agree else "dim")
    text.append(" / ")
    text.append(str(diverge), "bold red" if diverge else "dim")
    text.append(" / ")
    text.append(str(missing), "yellow" if missing else "dim")
    for outcome, word in _EXCUSED.items():
        if counts[outcome]:
            text.append(f" {word} {counts[outcome]}", "cyan")
    for trouble in _TROUBLES:
        if counts[trouble]:
            text.append(f" {trouble} {counts[trouble]}", "bold red")
    return text


def _describe_editions(run: Run, console: Console) -> None:
    """Which rows of an edition's table were met, and what it has no words for."""
    for target in run.targets:
        mine = [verdict for verdict in run.all() if verdict.target == target.name]
        rows = Counter(row for verdict in mine for row in verdict.rows)
        reasons = Counter(
            verdict.reason.partition(": ")[2] or verdict.reason
            for verdict in mine
            if verdict.outcome == "not rewritten"
        )
        for title, counts in (
            ("known edition differences, by row", rows),
            ("cannot be rewritten", reasons),
        ):
            if counts:
                told = [f"{what} {count}" for what, count in counts.most_common(TOLD)]
                more = len(counts) - len(told)
                if more > 0:
                    told.append(f"and {more} more")
                console.print(
                    f"{target.name}: {title}: {', '.join(told)}",
                    markup=False,
                    highlight=False,
                    style="cyan",
                )


def _describe(run: Run, console: Console) -> None:
    troubles = [v for v in run.all() if v.outcome in ("diverge", "lost", "unstable")]
    for verdict in troubles[:DESCRIBED]:
        program = verdict.case.program
        console.print(
            f"[bold]{escape(program.name)}[/] on [bold]{verdict.target}[/]: {verdict.outcome}"
            + (f" from {verdict.reference_name}" if verdict.differences else "")
        )
        if program.note:
            console.print(f"  {program.note}", style="dim", markup=False, highlight=False)
        if verdict.reason:
            console.print(f"  {verdict.reason}", markup=False, highlight=False)
        for difference in verdict.differences[:8]:
            console.print(f"  {difference.reason}", markup=False, highlight=False)
    if len(troubles) > DESCRIBED:
        console.print(f"... and {len(troubles) - DESCRIBED} more, all in the JSON report")
    for target in run.targets:
        for failure in target.failures:
            console.print(failure.text(), markup=False, highlight=False)
            console.print(
                f"  the run went on after this program on a new machine ({target.name})",
                markup=False,
            )
