"""What the actions of ``zxh symbols`` do, apart from listing."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TypedDict

from harness.errors import InputError
from harness.symbols.check import check_library, check_vdso
from harness.symbols.difference import compare_files
from harness.symbols.explain import explain
from harness.symbols.formats import FORMATS
from harness.symbols.fuchsia import EDITIONS, check_as_fuchsia
from harness.symbols.images import (
    ALLOWLIST,
    INTERFACE,
    VERSION_SCRIPT,
    check_images,
    library_paths,
    lists_directory,
)
from harness.symbols.imports import read_providers
from harness.symbols.report import Report
from harness.symbols.update import update_lists


class _Lists(TypedDict):
    """Paths of the lists that were given."""

    imports: Path | None
    exports: Path | None
    version_script: Path | None


def _lists(arguments: argparse.Namespace) -> _Lists:
    def path(name: str) -> Path | None:
        value = getattr(arguments, name, None)
        return Path(value) if value else None

    return {
        "imports": path("imports"),
        "exports": path("exports"),
        "version_script": path("version_script"),
    }


def check(arguments: argparse.Namespace) -> int:
    """Check libraries and report; 0 if they keep the rules, else 1."""
    reports = _reports(arguments)
    if arguments.warn:
        for report in reports:
            report.findings = [dataclasses.replace(f, warning=True) for f in report.findings]
    name = "json" if arguments.json else arguments.format
    sys.stdout.write(FORMATS[name](reports))
    return 0 if all(report.ok for report in reports) else 1


def _reports(arguments: argparse.Namespace) -> list[Report]:
    lists = _lists(arguments)
    if arguments.library is None:
        if any(lists.values()) or arguments.vdso or arguments.compat:
            raise InputError("lists, --vdso and --compat are about a library: give LIB")
        return check_images()
    library = Path(arguments.library)
    if arguments.vdso:
        return [check_vdso(library)]
    if arguments.compat:
        edition = EDITIONS[arguments.compat]
        imports, exports = lists["imports"], lists["exports"]
        return [check_as_fuchsia(library, edition, imports=imports, exports=exports)]
    return [
        check_library(
            library,
            **lists,
            needed=arguments.needed,
            providers=read_providers(arguments.provider),
            strict=arguments.strict,
        )
    ]


def update(arguments: argparse.Namespace) -> int:
    """Show what changes in the lists, and change them; 1 if something was or must be done."""
    lists = _lists(arguments)
    if not lists["imports"] and not lists["exports"]:
        raise InputError("nothing to update: give --imports, --exports or both")
    result = update_lists(
        Path(arguments.library),
        imports=lists["imports"],
        exports=lists["exports"],
        providers=read_providers(arguments.provider),
        prune=arguments.prune,
        bare=bool(arguments.compat),
    )
    for change in result.changes:
        sys.stdout.write(change.difference)
        if not arguments.dry_run:
            change.write()
    for name in result.refused:
        sys.stderr.write(f"zxh: {name} is imported, but a C++ symbol: no list can allow it\n")
    pending = arguments.dry_run and any(change.difference for change in result.changes)
    return 1 if pending or result.refused else 0


def diff(arguments: argparse.Namespace) -> int:
    """Show what differs between two libraries; 1 if anything does."""
    differences = compare_files(Path(arguments.old), Path(arguments.new))
    if arguments.format == "json":
        document = {
            "old": arguments.old,
            "new": arguments.new,
            "differences": [difference.as_json() for difference in differences],
        }
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        for difference in differences:
            mark = "  [breaking]" if difference.breaking else ""
            sys.stdout.write(f"{difference.line}{mark}\n")
    return 1 if differences else 0


def explain_name(arguments: argparse.Namespace) -> int:
    """Tell what is known about a name; 1 if nothing is."""
    lists = _lists(arguments)
    libraries = [Path(library) for library in arguments.libraries]
    if not libraries and not any(lists.values()):
        ours = lists_directory()
        lists = {
            "imports": ours / ALLOWLIST,
            "exports": ours / INTERFACE,
            "version_script": ours / VERSION_SCRIPT,
        }
        libraries = library_paths()
    providers = read_providers(arguments.provider)
    lines = explain(arguments.name, libraries, **lists, providers=providers)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0 if lines else 1
