"""The vDSO's image: what it exports, and that nothing in it can be written."""

from __future__ import annotations

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from harness.build.images import BUILD, vdso_offsets
from harness.program.model import Arch
from zxio_py import abi

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")


@pytest.mark.parametrize("arch", ARCHES)
def test_it_exports_the_interface_and_nothing_else(arch: Arch) -> None:
    with (BUILD / arch / "libzircon.so").open("rb") as file:
        elf = ELFFile(file)
        table = elf.get_section_by_name(".dynsym")
        assert isinstance(table, SymbolTableSection)
        symbols = {s.name: s for s in table.iter_symbols() if s.name}
        dynamic = elf.get_section_by_name(".dynamic")
        assert isinstance(dynamic, DynamicSection)
        names = [tag.soname for tag in dynamic.iter_tags("DT_SONAME")]
        needed = list(dynamic.iter_tags("DT_NEEDED")) + list(dynamic.iter_tags("DT_RELA"))
    exported = [call.name for call in abi.CALLS.values() if call.exported]
    assert symbols.keys() == {name for call in exported for name in (call, f"_{call}")}
    for call in exported:
        weak, strong = symbols[call], symbols[f"_{call}"]
        assert weak["st_info"]["bind"] == "STB_WEAK"
        assert strong["st_info"]["bind"] == "STB_GLOBAL"
        assert weak["st_value"] == strong["st_value"]
    assert names == ["libzircon.so"]
    assert needed == []


@pytest.mark.parametrize("arch", ARCHES)
def test_every_kernel_entry_has_one_place_of_its_own(arch: Arch) -> None:
    places = vdso_offsets(BUILD / arch / "libzircon.so", "vdso_return_")
    assert places.keys() == abi.NUMBERS.keys()
    assert len(set(places.values())) == len(places)


@pytest.mark.parametrize("arch", ARCHES)
def test_nothing_in_it_can_be_written(arch: Arch) -> None:
    with (BUILD / arch / "libzircon.so").open("rb") as file:
        loads = [s.header for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD"]
    assert [load["p_flags"] for load in loads] == [4, 5]  # R, R X
    assert all(load["p_offset"] == load["p_vaddr"] for load in loads)
