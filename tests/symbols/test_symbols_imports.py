"""Rules about imports: attributes of entries, providers, C++ names, and where they are used."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from symbol_libraries import Builder
from tiny_elf import TinyElf, TinySymbol

from harness.errors import InputError
from harness.symbols.allowlist import read_allowlist
from harness.symbols.check import check_library
from harness.symbols.demangle import demangle
from harness.symbols.elf import read_elf
from harness.symbols.imports import read_providers
from harness.symbols.report import Finding
from harness.symbols.uses import uses_of

WEAK, TLS, GLOBAL = 0x20, 0x16, 0x10


class Checker:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.allowlist = directory / "allowlist"

    def findings(
        self,
        library: Path,
        allowlist: str,
        *,
        strict: bool = False,
        providers: tuple[str, ...] = (),
    ) -> list[Finding]:
        self.allowlist.write_text(allowlist)
        report = check_library(
            library, imports=self.allowlist, strict=strict, providers=read_providers(providers)
        )
        about_shape = ("executable-stack", "needed")
        return [f for f in report.findings if f.rule not in about_shape]

    def errors(self, library: Path, allowlist: str, **options: bool) -> list[tuple[str, str]]:
        found = self.findings(library, allowlist, **options)
        return [(f.rule, f.symbol) for f in found if not f.warning]

    def tiny(self, *symbols: TinySymbol, machine: int = 62) -> Path:
        path = self.directory / "tiny.so"
        path.write_bytes(TinyElf(symbols, machine=machine).build())
        return path


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    return Checker(tmp_path)


def test_a_weak_import_needs_an_entry_and_weak_ok_asks_for_a_weak_one(checker: Checker) -> None:
    weak = checker.tiny(TinySymbol(b"maybe", WEAK))
    assert checker.errors(weak, "other\n") == [("import", "maybe")]
    assert checker.errors(weak, "maybe\n") == []
    assert checker.errors(weak, "maybe weak-ok\n") == []
    strong = checker.tiny(TinySymbol(b"maybe", GLOBAL))
    assert checker.errors(strong, "maybe  weak-ok  # newer systems have it\n") == [
        ("weak", "maybe")
    ]


def test_a_thread_local_import_needs_its_entry_to_say_so(checker: Checker) -> None:
    library = checker.tiny(TinySymbol(b"slot", TLS))
    assert checker.errors(library, "slot\n") == [("tls", "slot")]
    assert checker.errors(library, "slot tls-ok\n") == []


def test_an_entry_can_be_for_some_machines(checker: Checker) -> None:
    for machine, expected in ((62, []), (183, [("import", "zx_pc_trap")])):
        library = checker.tiny(TinySymbol(b"zx_pc_trap"), machine=machine)
        assert checker.errors(library, "zx_pc_trap arch=x86_64,x86\n") == expected
    (finding,) = [f for f in checker.findings(library, "zx_pc_trap arch=x86_64\n") if not f.warning]
    assert "listed for x86_64 only" in finding.message
    # What is for other machines is not unused here.
    assert checker.errors(library, "zx_pc_trap\nabc arch=x86_64\n", strict=True) == []


def test_an_entry_can_ask_for_a_version(builder: Builder, checker: Checker, tmp_path: Path) -> None:
    script = tmp_path / "versions.ld"
    script.write_text("V1 { global: call; local: *; };\n")
    options = (f"--version-script={script}",)
    provider = builder.library("void call(void) {}", soname="libp.so", options=options)
    user = builder.library("void call(void); void use(void) { call(); }", options=(str(provider),))
    assert checker.errors(user, "call\n") == []
    assert checker.errors(user, "call@V1\n") == []
    assert checker.errors(user, "call@V2\n") == [("import", "call@V1")]
    (finding,) = [f for f in checker.findings(user, "call@V2\n") if f.rule == "import"]
    assert "listed in version V2 only" in finding.message


@pytest.mark.parametrize(
    ("other", "info", "text"),
    [(2, GLOBAL, "hidden"), (1, GLOBAL, "internal"), (3, GLOBAL, "protected"), (0, 0, "local")],
)
def test_an_undefined_symbol_that_nobody_can_supply_is_no_way_around_the_list(
    checker: Checker, other: int, info: int, text: str
) -> None:
    library = checker.tiny(TinySymbol(b"sly", info, other))
    assert checker.errors(library, "\n") == [("visibility", "sly"), ("import", "sly")]
    assert text in checker.findings(library, "sly\n")[0].message


def test_cpp_names_are_refused_even_if_listed_and_shown_as_people_write_them(
    checker: Checker,
) -> None:
    library = checker.tiny(TinySymbol(b"_ZN3fbl6String5clearEv"))
    assert checker.errors(library, "_ZN3fbl6String5clearEv\n") == [
        ("cpp", "_ZN3fbl6String5clearEv"),
        ("cpp", "_ZN3fbl6String5clearEv"),
    ]
    finding = checker.findings(library, "other\n")[0]
    if not demangle(["_Znwm"]):
        pytest.skip("no C++ library on this machine")
    assert finding.message.endswith("a C++ symbol: fbl::String::clear()")


def test_a_name_made_to_explode_stays_as_it_is() -> None:
    index = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    name = "_Z1fI1xEv4pairIT_S0_E"
    for place in range(2, 30):
        name += f"4pairIS{index[place]}_S{index[place]}_E"
    assert "_Znwm" in demangle(["_Znwm", name])
    assert all(len(text) <= 1 << 16 for text in demangle([name]).values())


def test_providers_must_export_their_group(builder: Builder, checker: Checker) -> None:
    libc = builder.library("void *malloc(unsigned long n) { return (void *)n; }", soname="libc.so")
    user = builder.library(
        "void *malloc(unsigned long); void other(void);void *f(void) { other(); return malloc(1); }"
    )
    allowlist = "# libc\nfree\nmalloc\nother\n\n# vdso\nzx_no_such_call\nzx_handle_close\n"
    found = checker.findings(user, allowlist, providers=(f"libc={libc}",))
    assert [(f.symbol, f.line, f.warning) for f in found if f.rule == "provider"] == [
        ("free", 2, True),
        ("other", 4, False),  # it is imported, so it is missing when the library is loaded
        ("zx_no_such_call", 7, True),
    ]
    strict = checker.findings(user, allowlist, providers=(f"libc={libc}",), strict=True)
    assert ("free", False) in [(f.symbol, f.warning) for f in strict if f.rule == "provider"]


def test_a_violation_says_who_supplies_it_and_what_to_add_where(
    builder: Builder, checker: Checker
) -> None:
    libc = builder.library("void *malloc(unsigned long n) { return (void *)n; }", soname="libc.so")
    user = builder.library(
        "void *malloc(unsigned long); int zx_handle_close(int);"
        "void *take(void) { zx_handle_close(0); return malloc(1); }"
    )
    found = checker.findings(user, "# libc\nmallocs\n", providers=(f"libc={libc}",))
    first, second = (f for f in found if f.rule == "import")
    assert (first.symbol, first.nearest, first.provider) == ("malloc", "mallocs", f"{libc} (libc)")
    assert (
        first.fix == f"to allow it, add the line 'malloc' to {checker.allowlist} under \"# libc\""
    )
    assert first.uses[0].startswith("take+")
    assert (second.symbol, second.provider) == ("zx_handle_close", "vdso")


def test_a_provider_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for option, problem in ((f"libc={tmp_path}/none", "No such file"), ("libc", "GROUP=FILE")):
        with pytest.raises(InputError, match=problem):
            read_providers([option])


def test_reasons_and_comments_of_an_allowlist(tmp_path: Path) -> None:
    path = tmp_path / "allowlist"
    path.write_text(
        "# Copyright of someone\n# in two lines\n\n# libc\n\nopen weak-ok\t# for traces\n"
        "# a remark\nread\n"
    )
    allowlist = read_allowlist(path)
    assert [(e.name, e.group, e.reason, e.weak_ok) for e in allowlist.entries] == [
        ("open", "libc", "for traces", True),
        ("read", "libc", "", False),
    ]


# ---- uses -----------------------------------------------------------------------------------

USER = """
extern int first(int), second(int), third(int);
extern int variable;
__attribute__((noinline)) int one(int x) { return first(x) + 1; }
__attribute__((noinline)) int two(int x) { return second(x) + first(x) + variable; }
int (*pointer)(int) = third;
"""


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_uses_are_calls_and_relocations(builder: Builder, arch: str) -> None:
    library = builder.library(USER, arch="arm64" if arch == "arm64" else "x86_64")
    uses = uses_of(read_elf(library), {"first", "second", "third", "variable"})
    assert {use.split("+")[0] for use in uses["first"]} == {"one", "two"}
    assert {use.split("+")[0] for use in uses["second"]} == {"two"}
    assert {use.split("+")[0] for use in uses["variable"]} == {"two"}
    assert uses["third"][0].startswith("relocation")
    assert uses["third"][0].endswith("in pointer")


def test_uses_are_where_the_disassembler_has_the_calls(builder: Builder) -> None:
    if shutil.which("objdump") is None:
        pytest.skip("objdump is not installed")
    library = builder.library(USER, options=("-z", "now"))
    text = subprocess.run(
        ["objdump", "-d", library], capture_output=True, text=True, check=True
    ).stdout
    calls = [line for line in text.splitlines() if "call" in line or "jmp" in line]
    addresses = {int(line.split(":")[0], 16) for line in calls if "@plt" in line}
    functions = {s.name: s.value for s in read_elf(library).exports}
    uses = uses_of(read_elf(library), {"first", "second"})
    ours = {
        functions[name] + int(offset, 16)
        for places in uses.values()
        for name, offset in (place.split("+") for place in places)
    }
    assert ours <= addresses
    assert len(ours) == 3


def test_uses_in_objects_and_archives_name_function_and_member(builder: Builder) -> None:
    uses = uses_of(read_elf(builder.objects(USER)), {"first"})
    assert {use.split("+")[0] for use in uses["first"]} == {"one", "two"}
    uses = uses_of(read_elf(builder.archive(USER)), {"second"})
    assert uses["second"][0].startswith("two+")
    assert uses["second"][0].endswith("in member_with_a_long_name_0.o")


def test_a_stripped_library_still_names_the_code(builder: Builder) -> None:
    static = USER.replace("__attribute__((noinline)) int two", "static int two") + (
        "int three(int x) { return two(x); }"
    )
    library = builder.library(static, options=("--strip-all",))
    uses = uses_of(read_elf(library), {"second"})
    assert uses["second"]
