"""The rules for build systems in docs/symbols, each tried with the real tool where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RULES = Path(__file__).parents[2] / "docs" / "symbols"
SOURCE = "extern int zx_handle_close(int);\nint close_it(int h) { return zx_handle_close(h); }\n"
ALLOWLIST = "# vdso\nzx_handle_close\n"
INTERFACE = "--- !ifs-v1\nSymbols:\n  - { Name: close_it, Type: Func }\n...\n"
FLAGS = "-nostdlib -ffreestanding -Wl,-z,noexecstack -Wl,--hash-style=both"

CMAKE = f"""
cmake_minimum_required(VERSION 3.20)
project(mylib C)
include({RULES}/zxh_symbols.cmake)
add_library(mylib SHARED mylib.c)
target_compile_options(mylib PRIVATE -ffreestanding)
target_link_options(mylib PRIVATE -nostdlib -Wl,-z,noexecstack)
zxh_symbols(mylib IMPORTS mylib.allowlist EXPORTS mylib.ifs STRICT)
"""

GN = """
import("//zxh_symbols.gni")
action("mylib") {
  script = "compile.py"
  inputs = [ "mylib.c" ]
  outputs = [ "$root_out_dir/libmylib.so" ]
  args = rebase_path(inputs + outputs, root_build_dir)
}
zxh_symbols("mylib_symbols") {
  library_target = ":mylib"
  library = "$root_out_dir/libmylib.so"
  imports = "mylib.allowlist"
  exports = "mylib.ifs"
  needed = [ "libnone.so" ]
  providers = [ "vdso=" + rebase_path("libzircon.so", root_build_dir) ]
  strict = true
}
"""


def needed(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


class Project:
    """A directory with the sources, and `zxh` on the path of what runs there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name, text in (
            ("mylib.c", SOURCE),
            ("mylib.allowlist", ALLOWLIST),
            ("mylib.ifs", INTERFACE),
        ):
            (directory / name).write_text(text)
        zxh = directory / "bin" / "zxh"
        zxh.parent.mkdir()
        root = RULES.parents[1]
        zxh.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m harness "$@"\n')
        zxh.chmod(0o755)
        self.environment = os.environ | {"PATH": f"{zxh.parent}:{os.environ['PATH']}"}

    def run(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def allow(self, text: str) -> None:
        (self.directory / "mylib.allowlist").write_text(text)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_cmake_fails_the_build_until_the_list_allows_it(project: Project) -> None:
    needed("cmake", "cc", "make")
    (project.directory / "CMakeLists.txt").write_text(CMAKE)
    status, text = project.run("cmake", "-S", ".", "-B", "out")
    assert status == 0, text
    status, text = project.run("cmake", "--build", "out")
    assert status == 0, text
    assert "ok (1 imports, 1 exports)" in text
    project.allow("# vdso\nzx_handle_closed\n")
    status, text = project.run("cmake", "--build", "out")
    assert status != 0
    assert "zx_handle_close is imported, but not on the allowlist" in text
    project.allow(ALLOWLIST)
    assert project.run("cmake", "--build", "out")[0] == 0


def test_gn_fails_the_build_until_the_list_allows_it(project: Project) -> None:
    needed("gn", "ninja", "cc")
    directory = project.directory
    for name in ("zxh_symbols.gni", "zxh_symbols.py"):
        shutil.copy(RULES / name, directory)
    (directory / ".gn").write_text('buildconfig = "//BUILDCONFIG.gn"\n')
    (directory / "BUILDCONFIG.gn").write_text('set_default_toolchain("//:none")\n')
    (directory / "BUILD.gn").write_text(
        'toolchain("none") {\n  tool("stamp") {\n    command = "touch {{output}}"\n'
        f'    description = "stamp"\n  }}\n}}\n{GN}'
    )
    (directory / "compile.py").write_text(
        "import subprocess, sys\n"
        f"command = ['cc', '-shared', '-fPIC', *{FLAGS.split()!r}]\n"
        "command += [sys.argv[1], '-o', sys.argv[2]]\n"
        "sys.exit(subprocess.run(command).returncode)\n"
    )
    vdso = directory / "vdso.c"
    vdso.write_text("int zx_handle_close(int h) { return h; }\n")
    command = ["cc", "-shared", "-fPIC", *FLAGS.split(), str(vdso), "-o", "libzircon.so"]
    assert project.run(*command)[0] == 0
    status, text = project.run("gn", "gen", "out", f"--script-executable={sys.executable}")
    assert status == 0, text
    status, text = project.run("ninja", "-C", "out", "mylib_symbols")
    assert status == 0, text
    project.allow("# vdso\nother\n")
    status, text = project.run("ninja", "-C", "out", "mylib_symbols")
    assert status != 0
    assert "zx_handle_close is imported, but not on the allowlist" in text


def test_pre_commit_refuses_a_commit_that_breaks_the_list(project: Project) -> None:
    needed("pre-commit", "git", "cc")
    directory = project.directory
    shutil.copy(RULES / "pre-commit-config.yaml", directory / ".pre-commit-config.yaml")
    (directory / "out").mkdir()
    library = "out/libmylib.so"
    command = ["cc", "-shared", "-fPIC", *FLAGS.split(), "mylib.c", "-o", library]
    assert project.run(*command)[0] == 0
    project.environment |= {"PRE_COMMIT_HOME": str(directory / "cache")}
    assert project.run("git", "init", "-q")[0] == 0
    assert project.run("git", "add", "mylib.c", "mylib.allowlist", "mylib.ifs")[0] == 0
    status, text = project.run("pre-commit", "run")
    assert status == 0, text
    project.allow("# vdso\n")
    assert project.run("git", "add", "mylib.allowlist")[0] == 0
    status, text = project.run("pre-commit", "run")
    assert status == 1
    assert "zx_handle_close is imported" in text
