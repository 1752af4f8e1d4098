"""A runner on the emulation and one guest, for tests that make the emulation wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.run import Runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    runner = Runner(["host", "x86_64"])
    yield runner
    runner.close()
