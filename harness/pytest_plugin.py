"""The pytest plugin: a fixture ``zx`` that runs a test on the host emulation and on both guests.

    def test_write_reaches_the_peer(zx):
        a, b = zx.channel_create(0)
        zx.channel_write(a, 0, b"hello", [])
        assert zx.channel_read(b, 0, 16, 0)[0] == b"hello"

Each test gets a fresh process on its target; a machine is started once per worker.  ``--zx-target``
chooses targets.  Where QEMU or an image is missing the test is skipped with the reason, but fails
where the environment variable CI is set.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.targets.base import Target
    from harness.targets.door import RemoteDoor

#: As in `harness.targets.factory`, which is not imported before a test needs it.
_TARGETS = ("host", "x86_64", "arm64")


class Machines:
    """The targets of one pytest process, each started when a test first needs it."""

    def __init__(self) -> None:
        self._open: dict[str, Target] = {}

    def get(self, name: str) -> Target:
        """The running target called *name*; raises `MachineError` if it cannot be had."""
        from harness.targets.factory import open_target

        if name not in self._open:
            self._open[name] = open_target(name)
        return self._open[name]

    def console(self, name: str) -> tuple[str, ...]:
        """The last lines of a target's console; empty for the host."""
        lines: tuple[str, ...] = getattr(self._open.get(name), "console_tail", ())
        return lines

    def close(self) -> None:
        """Stop them all."""
        while self._open:
            self._open.popitem()[1].close()


_machines = pytest.StashKey[Machines]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--zx-target``."""
    parser.getgroup("zx").addoption(
        "--zx-target",
        dest="zx_targets",
        action="append",
        choices=_TARGETS,
        help="run tests that use the zx fixture on this target; may be given several times "
        "(default: all)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """No machine runs until a test needs one."""
    config.stash[_machines] = Machines()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the machines."""
    machines = config.stash.get(_machines, None)
    if machines is not None:
        machines.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One variant of a test per target."""
    if "zx" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("zx_targets") or _TARGETS
        names = [name for name in _TARGETS if name in chosen]
        metafunc.parametrize("zx", names, indirect=True, scope="function")


@pytest.fixture
def zx(request: pytest.FixtureRequest) -> Iterator[RemoteDoor]:
    """A Python door to a fresh process on one target; a failing status raises `ZxError`."""
    from harness.errors import MachineError
    from harness.targets.door import RemoteDoor

    machines = request.config.stash[_machines]
    try:
        session = machines.get(request.param).open_session()
    except MachineError as error:
        reason = f"target {request.param} cannot be had: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with RemoteDoor(session) as door:
        yield door


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the guest's console into the report of a failed test."""
    report = yield
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get("zx") if callspec else None
    if report.failed and name is not None:
        lines = item.config.stash[_machines].console(name)
        if lines:
            report.sections.append((f"guest console ({name})", "\n".join(lines)))
    return report
