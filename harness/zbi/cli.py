"""``zxh zbi``: look into boot containers, take them apart, make them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from harness.errors import InputError
from harness.zbi import bootfs, container, storage

#: Largest container that is read, bytes.
_FILE_LIMIT = 512 << 20


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "zbi",
        help="list, extract or pack the container a kernel boots from",
        description="Reads and writes boot containers: bootdata of 2018 and today's ZBI.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = actions.add_parser("ls", help="list a container's items and boot files")
    listing.add_argument("container", type=Path, metavar="FILE")
    listing.add_argument("--json", action="store_true", help="write the list as JSON")
    listing.set_defaults(run=_list)

    extract = actions.add_parser("extract", help="write the files of the boot file system")
    extract.add_argument("container", type=Path, metavar="FILE")
    extract.add_argument("directory", type=Path, metavar="DIR", help="new or empty")
    extract.add_argument(
        "--items", action="store_true", help="write the items instead, each decompressed"
    )
    extract.set_defaults(run=_extract)

    pack = actions.add_parser("pack", help="make a container with a boot file system")
    pack.add_argument(
        "files", nargs="*", metavar="NAME=FILE", help="a boot file; or a directory, taken whole"
    )
    pack.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    pack.add_argument(
        "--edition",
        choices=container.EDITIONS,
        default="2018",
        help="whose kernels shall accept it (default: 2018)",
    )
    pack.add_argument(
        "--storage", choices=storage.METHODS, help="how to store it (default: the edition's way)"
    )
    pack.add_argument("--command-line", metavar="TEXT", help="add a command line item")
    pack.add_argument(
        "--item",
        action="append",
        default=[],
        metavar="TYPE=FILE",
        help="add an item in front, such as a kernel: KRNL=FILE; may be repeated",
    )
    pack.set_defaults(run=_pack)


# ---- ls -----------------------------------------------------------------------------------------


def _list(parsed: argparse.Namespace) -> int:
    name = str(parsed.container)
    items = container.read(_read_file(parsed.container), name)
    systems = [item for item in items if item.type == container.TYPE_BOOTFS]
    listed = {
        item.offset: bootfs.entries(data, container.bootfs_place(item, name))
        for item, data in zip(systems, container.contents(systems, name), strict=True)
    }
    rows = [(item, listed.get(item.offset, [])) for item in items]
    if parsed.json:
        document = {"items": [_item_json(item, files) for item, files in rows]}
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
        return 0
    for item, files in rows:
        sys.stdout.write(_item_line(item) + "\n")
        for entry in files:
            sys.stdout.write(f"{entry.offset:#12x} {entry.size:10}   {_printable(entry.name)}\n")
    return 0


def _item_json(item: container.Item, files: list[bootfs.Entry]) -> dict[str, object]:
    row: dict[str, object] = {
        "offset": item.offset,
        "type": container.type_name(item.type),
        "length": len(item.payload),
        "extra": item.extra,
        "flags": item.flags,
    }
    if item.type == container.TYPE_BOOTFS:
        row["files"] = [{"name": f.name, "offset": f.offset, "size": f.size} for f in files]
    return row


def _item_line(item: container.Item) -> str:
    description = container.DESCRIPTIONS.get(item.type, "unknown")
    if item.is_compressed:
        description += f", {storage.method_of(item.payload)}, {item.extra} bytes decompressed"
    elif item.type == container.TYPE_CMDLINE:
        description += ": " + _printable(item.payload[:512].decode("utf-8", "replace"))
    name = container.type_name(item.type)
    return f"{item.offset:#12x} {len(item.payload):10} {name:4} {description}"


def _printable(text: str) -> str:
    """The text without characters that could steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


# ---- extract ------------------------------------------------------------------------------------


def _extract(parsed: argparse.Namespace) -> int:
    name = str(parsed.container)
    data = _read_file(parsed.container)
    if parsed.items:
        items = container.read(data, name)
        files = {
            f"{index:03}-{container.type_name(item.type).replace('/', '_')}": content
            for index, (item, content) in enumerate(
                zip(items, container.contents(items, name), strict=True)
            )
        }
    else:
        files = container.boot_files(data, name)
    directory: Path = parsed.directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise InputError("not empty", where=str(directory))
        for file_name, content in files.items():
            path = directory / file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
    except OSError as error:
        raise InputError(str(error.strerror), where=str(error.filename)) from error
    sys.stdout.write(f"{len(files)} files in {directory}\n")
    return 0


# ---- pack ---------------------------------------------------------------------------------------


def _pack(parsed: argparse.Namespace) -> int:
    from harness.program.results import write_atomically

    items = []
    for text in parsed.item:
        type_text, _, path = text.partition("=")
        items.append(container.Item(container.type_number(type_text), _read_file(Path(path))))
    if parsed.command_line is not None:
        items.append(container.Item(container.TYPE_CMDLINE, parsed.command_line.encode()))
    files: dict[str, bytes] = {}
    for text in parsed.files:
        for file_name, path in _named_files(text):
            if file_name in files:
                raise InputError("given twice", where=f"file {file_name!r}")
            files[file_name] = _read_file(path)
    if files:
        items.append(container.bootfs_item(files, edition=parsed.edition, method=parsed.storage))
    if not items:
        raise InputError("nothing to pack")
    data = container.write(items)
    write_atomically(parsed.output, data)
    sys.stdout.write(f"{parsed.output}: {len(items)} items, {len(data)} bytes\n")
    return 0


def _named_files(text: str) -> list[tuple[str, Path]]:
    """What one argument of ``pack`` stands for."""
    name, separator, path = text.partition("=")
    if separator:
        return [(name, Path(path))]
    directory = Path(text)
    if not directory.is_dir():
        raise InputError(f"{text!r} is neither NAME=FILE nor a directory")
    return [
        (path.relative_to(directory).as_posix(), path)
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    ]


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_LIMIT + 1)
    except OSError as error:
        raise InputError(str(error.strerror), where=str(path)) from error
    if len(data) > _FILE_LIMIT:
        raise InputError(f"more than {_FILE_LIMIT} bytes", where=str(path))
    return data
