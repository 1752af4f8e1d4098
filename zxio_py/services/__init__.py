"""Servers for zxio objects, each a process of the emulated machine that is run by a thread.

    with Client() as client, FileService(client.kernel, MemoryDirectory.root) as service:
        root = client.directory(service.connect(client.process))

A `FileService` speaks fuchsia.io over channels: what lies in it is in memory (`memory`) or a
directory of the host (`host`), which nothing leads out of.
"""

from zxio_py.services.files import FileService
from zxio_py.services.host import HostDirectory
from zxio_py.services.memory import MemoryDirectory
from zxio_py.services.server import Connection, Server
from zxio_py.services.tree import Directory, Entry, File, Node

__all__ = [
    "Connection",
    "Directory",
    "Entry",
    "File",
    "FileService",
    "HostDirectory",
    "MemoryDirectory",
    "Node",
    "Server",
]
