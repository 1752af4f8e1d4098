"""docs/coverage.md says what a run says."""

from harness.build.toolchain import ROOT
from harness.cases import built_in
from harness.coverage.document import markdown
from harness.coverage.matrix import measure
from harness.targets.factory import TARGETS, open_targets


def test_the_page_is_that_of_a_run() -> None:
    with open_targets(TARGETS) as targets:
        matrix = measure(targets, [case.program for case in built_in()])
    page = markdown(matrix)
    assert {row.call.name: row.unexpected for row in matrix.rows if row.unexpected} == {}
    written = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert written == page, "write it anew with: zxh coverage --markdown docs/coverage.md"
