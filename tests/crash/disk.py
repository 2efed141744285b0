"""A disk that forgets what was not synced, as far as SQLite's own code can tell.

What a power cut may take away, and what it may not, follows POSIX: `fsync` of a file keeps its
content, `fsync` of a folder keeps its entries, and nothing else keeps anything. The folder is synced
where SQLite does so on Unix (`os_unix.c`): with the first sync of a new journal, and with a deletion
that was asked to be durable.
"""

from collections.abc import Buffer
from dataclasses import dataclass, field
from itertools import count
from typing import override

import apsw

_numbers = count()


@dataclass(eq=False)
class Inode:
    """A file, whatever its names."""

    content: bytearray = field(default_factory=bytearray)
    """What a running process sees."""


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written; None as bytes means that the file was cut at the offset."""

    inode: Inode
    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        """Do it to some content."""
        content.extend(bytes(max(0, self.offset - len(content))))
        if self.data is None:
            del content[self.offset :]
        else:
            content[self.offset : self.offset + len(self.data)] = self.data


@dataclass(frozen=True, slots=True)
class Link:
    """A name was given to a file, or (None) taken away."""

    name: str
    inode: Inode | None


@dataclass(frozen=True, slots=True)
class Sync:
    """A file, or (None) the folder, was synced."""

    inode: Inode | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A caller was told that all up to an event is durable."""

    seq: int


type Operation = Write | Link | Sync | Acknowledged


class Disk(apsw.VFS):
    """A folder in memory that notes each operation on it, in order."""

    def __init__(self) -> None:
        """Begin with an empty folder."""
        self.name = f"disk {next(_numbers)}"
        self.operations: list[Operation] = []
        self._names: dict[str, Inode] = {}
        super().__init__(self.name, base="")

    def acknowledge(self, seq: int) -> None:
        """Note that a caller was told that all up to an event is durable."""
        self.operations.append(Acknowledged(seq))

    def _note(self, operation: Operation) -> None:
        self.operations.append(operation)

    # -- As SQLite calls it ---------------------------------------------------------------

    @override
    def xFullPathname(self, name: str) -> str:
        return name

    @override
    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self._names

    @override
    def xDelete(self, filename: str, syncdir: bool) -> None:
        del self._names[filename]
        self._note(Link(filename, None))
        if syncdir:
            self._note(Sync(None))

    @override
    def xOpen(
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        journal = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_JOURNAL)
        flags[1] = flags[0]
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None:
            # A temporary file has no name and ends with the process.
            return DiskFile(Disk(), Inode())
        inode = self._names.get(path)
        if inode is not None:
            return DiskFile(self, inode)
        inode = self._names[path] = Inode()
        self._note(Link(path, inode))
        return DiskFile(self, inode, syncs_folder=journal)


class DiskFile(apsw.VFSFile):
    """An open file of a disk."""

    def __init__(self, disk: Disk, inode: Inode, *, syncs_folder: bool = False) -> None:
        """Open a file; nothing lies below it."""
        self._disk = disk
        self._inode = inode
        self._syncs_folder = syncs_folder

    @override
    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._inode.content[offset : offset + amount])

    @override
    def xWrite(self, data: Buffer, offset: int) -> None:
        self._write(Write(self._inode, offset, bytes(data)))

    @override
    def xTruncate(self, newsize: int) -> None:
        self._write(Write(self._inode, newsize, None))

    def _write(self, write: Write) -> None:
        write.apply(self._inode.content)
        self._disk.operations.append(write)

    @override
    def xSync(self, flags: int) -> None:
        self._disk.operations.append(Sync(self._inode))
        if self._syncs_folder:
            self._syncs_folder = False
            self._disk.operations.append(Sync(None))

    @override
    def xFileSize(self) -> int:
        return len(self._inode.content)

    @override
    def xSectorSize(self) -> int:
        return 4096

    @override
    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    @override
    def xLock(self, level: int) -> None:
        """Do nothing: nobody else is there."""

    @override
    def xUnlock(self, level: int) -> None:
        """Do nothing: nobody else is there."""

    @override
    def xCheckReservedLock(self) -> bool:
        return False

    @override
    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    @override
    def xClose(self) -> None:
        """Leave the file to the folder."""
