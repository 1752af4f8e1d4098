"""``zxh zbi``: listing, extracting and packing, and one line for every mistake."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from harness.cli import main
from harness.zbi import bootfs, container

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "boot.zbi"
    path.write_bytes(container.make_bootdata({"bin/a": b"one", "data/b": b"two"}, edition="2018"))
    return path


def zbi(capsys: Capture, *words: str | Path) -> tuple[int, str, str]:
    status = main(["zbi", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def refused(capsys: Capture, *words: str | Path) -> str:
    status, out, err = zbi(capsys, *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    return err


def test_ls(packed: Path, capsys: Capture) -> None:
    status, out, _ = zbi(capsys, "ls", packed)
    assert status == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][0::2][:2] == ["0x20", "BFSB"]
    assert "lz4, 12288 bytes decompressed" in out
    assert lines[1:] == [["0x1000", "3", "bin/a"], ["0x2000", "3", "data/b"]]


def test_ls_as_json(packed: Path, capsys: Capture) -> None:
    _, out, _ = zbi(capsys, "ls", "--json", packed)
    (item,) = json.loads(out)["items"]
    assert (item["offset"], item["type"], item["flags"]) == (32, "BFSB", 0x10001)
    assert item["files"][1] == {"name": "data/b", "offset": 0x2000, "size": 3}


def test_ls_shows_no_control_characters(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "boot.zbi"
    items = [
        container.Item(container.TYPE_CMDLINE, b"a\x1b[2Jb\n"),
        container.bootfs_item({"\x1b[31m": b""}, edition="2018"),
    ]
    path.write_bytes(container.write(items))
    _, out, _ = zbi(capsys, "ls", path)
    assert r"command line: a\x1b[2Jb\n" in out
    assert r"\x1b[31m" in out
    assert "\x1b" not in out


def test_what_is_packed_is_extracted(tmp_path: Path, capsys: Capture) -> None:
    source = tmp_path / "source"
    (source / "lib").mkdir(parents=True)
    (source / "lib" / "x.so").write_bytes(bytes(range(256)) * 40)
    (source / "empty").touch()
    extra = tmp_path / "extra"
    extra.write_bytes(b"kernel")
    for edition in container.EDITIONS:
        target, copy, items = (tmp_path / f"{edition}{n}" for n in ("", "-files", "-items"))
        status, out, _ = zbi(
            *(capsys, "pack", "-o", target, "--edition", edition, "--item", f"KRNL={extra}"),
            *("--command-line", "a=b c", source, f"bin/extra={extra}"),
        )
        assert status == 0
        assert "3 items" in out
        assert zbi(capsys, "extract", target, copy)[0] == 0
        assert {
            path.relative_to(copy).as_posix(): path.read_bytes()
            for path in copy.rglob("*")
            if path.is_file()
        } == {"lib/x.so": bytes(range(256)) * 40, "empty": b"", "bin/extra": b"kernel"}
        assert zbi(capsys, "extract", "--items", target, items)[0] == 0
        assert (items / "000-KRNL").read_bytes() == b"kernel"
        assert (items / "001-CMDL").read_bytes() == b"a=b c"
        assert set(bootfs.read((items / "002-BFSB").read_bytes())) == {
            *("lib/x.so", "empty", "bin/extra")
        }


@pytest.mark.parametrize("method", ["lz4", "zstd", "none"])
def test_ways_to_store(method: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 10_000)
    target = tmp_path / "target"
    assert zbi(capsys, "pack", "-o", target, "--storage", method, f"f={file}")[0] == 0
    assert container.boot_files(target.read_bytes()) == {"f": b"x" * 10_000}
    (item,) = container.read(target.read_bytes())
    assert item.is_compressed == (method != "none")


def test_nothing_is_written_outside_or_twice(tmp_path: Path, capsys: Capture) -> None:
    for names in ((b"../evil",), (b"/evil",), (b"same", b"same"), (b"a", b"a/b")):
        directory = b"".join(
            struct.pack("<3I", len(name) + 1, 0, 4096) + name.ljust((len(name) + 4) & ~3, b"\0")
            for name in names
        )
        image = struct.pack("<4I", bootfs.MAGIC, len(directory), 0, 0) + directory
        path = tmp_path / "evil.zbi"
        item = container.storage_item(container.TYPE_BOOTFS, image.ljust(8192, b"\0"), "lz4")
        path.write_bytes(container.write([item]))
        error = refused(capsys, "extract", path, tmp_path / "out")
        assert error.startswith(f"zxh: {path}: offset 0x20: boot file system: file ")
        assert [entry.name for entry in tmp_path.iterdir()] == ["evil.zbi"]
        assert zbi(capsys, "ls", path)[0] == 0


def test_only_new_or_empty_directories(packed: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "out"
    target.mkdir()
    assert zbi(capsys, "extract", packed, target)[0] == 0
    assert refused(capsys, "extract", packed, target) == f"zxh: {target}: not empty\n"
    assert refused(capsys, "extract", packed, packed) == f"zxh: {packed}: File exists\n"
    inside = packed / "x"
    assert refused(capsys, "extract", packed, inside) == f"zxh: {inside}: Not a directory\n"


def test_mistakes(packed: Path, tmp_path: Path, capsys: Capture) -> None:
    missing = tmp_path / "missing"
    assert refused(capsys, "ls", missing) == f"zxh: {missing}: No such file or directory\n"
    assert refused(capsys, "ls", tmp_path) == f"zxh: {tmp_path}: Is a directory\n"
    noise = tmp_path / "noise"
    noise.write_bytes(b"x" * 100)
    assert refused(capsys, "ls", noise).startswith(f"zxh: {noise}: offset 0x0: item magic is ")
    pack = ("pack", "-o", tmp_path / "new")
    assert refused(capsys, *pack) == "zxh: nothing to pack\n"
    assert "neither NAME=FILE nor a directory" in refused(capsys, *pack, str(missing))
    assert "file 'a': given twice" in refused(capsys, *pack, f"a={noise}", f"a={noise}")
    assert "file '../a': not a plain" in refused(capsys, *pack, f"../a={noise}")
    assert "item type 'KRNLX'" in refused(capsys, *pack, "--item", f"KRNLX={noise}")
    assert not (tmp_path / "new").exists()


def test_a_file_without_end(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.zbi.cli._FILE_LIMIT", 1 << 20)
    assert refused(capsys, "ls", "/dev/zero") == "zxh: /dev/zero: more than 1048576 bytes\n"
