"""The launcher ``./zxh``, in a tree of its own with a stand-in for the installed command."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: What the launcher calls besides what it looks for.
TOOLS = ("sh", "find", "head", "id", "flock", "mv", "rm", "readlink", "python3", "cat", "env")

#: What the images are built of.
SOURCE_FOLDERS = ("guest", "harness/build", "harness/symbols", "zxio_py/abi")
SOURCE_FILES = (
    "harness/machine/layout.py",
    "harness/program/model.py",
    "harness/program/wire.py",
)
#: What the build imports besides, and what says nothing about the images' content.
NO_SOURCES = ("__init__.py", "harness/errors.py", "harness/machine/image.py")

#: The stand-in: says how it was called, and fails where the test asks for it.
INSTALLED = """\
#!/bin/sh
echo "zxh $*"
[ "$*" != "images build" ] || exit "$(cat "${0%/*}/build-status" 2>/dev/null || echo 0)"
[ "$1" != fail ] || exit 7
"""


class Tree:
    """A checkout in which everything is set up."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tools = root / "tools"
        for folder in (*SOURCE_FOLDERS, ".venv/bin", "images/build"):
            (root / folder).mkdir(parents=True)
        for file in SOURCE_FILES:
            (root / file).parent.mkdir(exist_ok=True)
            (root / file).touch()
        (root / "pyproject.toml").touch()
        shutil.copy(ROOT / "zxh", root / "zxh")
        self.script(root / ".venv/bin/zxh", INSTALLED)
        (root / ".venv/.zxh-ready").touch()
        (root / "images/build/.stamp").touch()
        self.tools.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            if found:
                (self.tools / tool).symlink_to(found)
        for arch in ("x86_64", "aarch64"):
            self.script(self.tools / f"qemu-system-{arch}", "#!/bin/sh\n")

    @staticmethod
    def script(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *words: str, launcher: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [launcher or self.root / "zxh", *words],
            env={"PATH": str(self.tools), "HOME": str(self.root)},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_it_is_the_installed_command(tree: Tree) -> None:
    run = tree.run("run", "a file.json")
    assert (run.returncode, run.stdout, run.stderr) == (0, "zxh run a file.json\n", "")
    assert tree.run("fail").returncode == 7


def test_it_may_be_called_through_a_link(tree: Tree) -> None:
    link = tree.root / "elsewhere"
    link.symlink_to(tree.root / "zxh")
    assert tree.run("run", launcher=link).stdout == "zxh run\n"


def test_a_second_start_costs_little(tree: Tree) -> None:
    def cost(command: Path) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        tree.run("run", launcher=command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    launcher = min(cost(tree.root / "zxh") for _ in range(5))
    direct = min(cost(tree.root / ".venv/bin/zxh") for _ in range(5))
    assert launcher - direct < 0.1


@pytest.mark.parametrize(
    ("missing", "packages"),
    [
        ("qemu-system-x86_64", ("qemu-system-x86", "qemu-system-x86-core")),
        ("qemu-system-aarch64", ("qemu-system-arm", "qemu-system-aarch64-core")),
    ],
)
def test_missing_qemu_is_named_with_the_commands_to_get_it(
    tree: Tree, missing: str, packages: tuple[str, str]
) -> None:
    (tree.tools / missing).unlink()
    run = tree.run("run")
    assert run.returncode == 3
    assert run.stdout == ""
    assert f"{missing} is missing" in run.stderr
    assert f"apt install {packages[0]}\n" in run.stderr
    assert f"dnf install {packages[1]}\n" in run.stderr
    assert "brew install qemu\n" in run.stderr


def test_missing_qemu_is_installed_through_apt_where_that_is_possible(tree: Tree) -> None:
    (tree.tools / "qemu-system-x86_64").unlink()
    tree.script(tree.tools / "sudo", '#!/bin/sh\nexec "$@"\n')
    tree.script(
        tree.tools / "apt-get",
        '#!/bin/sh\nfor last; do :; done\necho "#!/bin/sh" > "${0%/*}/qemu-system-x86_64"\n'
        'echo "apt-get $1 $last" >&2\n',
    )
    run = tree.run("run")
    assert run.returncode == 0
    assert "apt-get install qemu-system-x86\n" in run.stderr
    assert run.stdout == "zxh run\n"


def test_the_launcher_knows_all_that_the_build_imports() -> None:
    script = (
        "import sys, harness.build.images\n"
        "for name, module in sys.modules.items():\n"
        "    if name.split('.')[0] in ('harness', 'zxio_py'): print(module.__file__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = [str(Path(line).relative_to(ROOT)) for line in run.stdout.split()]
    assert "harness/build/headers.py" in modules
    unknown = [name for name in modules if not name.startswith((*SOURCE_FOLDERS, *SOURCE_FILES))]
    assert [name for name in unknown if not name.endswith(NO_SOURCES)] == []
    launcher = (ROOT / "zxh").read_text()
    assert all(f'"$root/{name}"' in launcher for name in (*SOURCE_FOLDERS, *SOURCE_FILES))


@pytest.mark.parametrize(
    "changed", ["guest/kernel.c", "zxio_py/abi/event.py", "harness/build/x.py", SOURCE_FILES[-1]]
)
def test_images_are_built_again_when_a_source_is_newer(tree: Tree, changed: str) -> None:
    stamp = tree.root / "images/build/.stamp"
    os.utime(stamp, (1, 1))
    for path in tree.root.rglob("*"):
        if path.is_file() and path != stamp and path.parent.name != "tools":
            os.utime(path, (1, 1))
    os.utime(tree.root / "pyproject.toml", (0, 0))
    assert tree.run("run").stdout == "zxh run\n"
    (tree.root / changed).touch()
    assert tree.run("run").stdout == "zxh images build\nzxh run\n"
    assert tree.run("run").stdout == "zxh run\n"


def test_a_build_that_fails_ends_the_command_and_is_tried_again(tree: Tree) -> None:
    (tree.root / "images/build/.stamp").unlink()
    (tree.root / ".venv/bin/build-status").write_text("2")
    for _ in range(2):
        run = tree.run("run")
        assert (run.returncode, run.stdout) == (2, "zxh images build\n")
    assert [path.name for path in (tree.root / "images").iterdir()] == ["build"]
