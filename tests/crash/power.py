"""What can lie on a disk after power went: some of what was not synced is gone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from .disk import Acknowledged, Inode, Link, Operation, Sync, Write

SECTOR = 512
"""What a disk writes whole or not at all, in bytes."""
_RANDOM_IMAGES = 3

type Image = dict[str, bytes]
"""The names in the folder, with their content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One way in which power can go."""

    step: int
    """How many operations had been done."""
    acknowledged: int | None
    """Up to which event a caller had been told that it is durable."""
    image: Image


def cuts(operations: Sequence[Operation], seed: int) -> Iterator[Cut]:
    """Cut the power after each operation: all is lost that may be, none, and some by chance."""
    platter, chance = _Platter(), Random(seed)
    acknowledged: int | None = None
    for step, operation in enumerate(operations, start=1):
        if isinstance(operation, Acknowledged):
            acknowledged = operation.seq
        else:
            platter.take(operation)
        shares = [0.0, 1.0, *(chance.random() for _ in range(_RANDOM_IMAGES))]
        seen: list[Image] = []
        for share in shares if platter.doubtful else shares[:1]:
            image = platter.image(chance, share)
            if image not in seen:
                seen.append(image)
                yield Cut(step=step, acknowledged=acknowledged, image=image)


@dataclass
class _Platter:
    """What is durable, and what is only on its way."""

    files: dict[Inode, bytearray] = field(default_factory=dict)
    writes: dict[Inode, list[Write]] = field(default_factory=dict)
    names: dict[str, Inode | None] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)

    @property
    def doubtful(self) -> bool:
        """Something may be lost."""
        return bool(self.links or any(self.writes.values()))

    def take(self, operation: Write | Link | Sync) -> None:
        """Have an operation done."""
        if isinstance(operation, Write):
            self.writes.setdefault(operation.inode, []).extend(_sectors(operation))
        elif isinstance(operation, Link):
            self.links.append(operation)
        elif operation.inode is None:
            self.names |= {link.name: link.inode for link in self.links}
            self.links.clear()
        else:
            for write in self.writes.pop(operation.inode, ()):
                write.apply(self._content(operation.inode))

    def image(self, chance: Random, kept: float) -> Image:
        """Return what is left when each doubtful thing is kept with a probability."""
        names = dict(self.names)
        # Of one name's changes the earlier ones come first; those of several have no order.
        ended: set[str] = set()
        for link in self.links:
            if link.name not in ended and chance.random() < kept:
                names[link.name] = link.inode
            else:
                ended.add(link.name)
        return {
            name: self._left(inode, chance, kept)
            for name, inode in names.items()
            if inode is not None
        }

    def _left(self, inode: Inode, chance: Random, kept: float) -> bytes:
        content = bytearray(self._content(inode))
        for write in self.writes.get(inode, ()):
            if chance.random() < kept:
                write.apply(content)
        return bytes(content)

    def _content(self, inode: Inode) -> bytearray:
        return self.files.setdefault(inode, bytearray())


def _sectors(write: Write) -> list[Write]:
    """Split a write at the borders of sectors: power may go in the middle of it."""
    if write.data is None:
        return [write]
    parts, start = [], write.offset
    end = write.offset + len(write.data)
    while start < end:
        border = min(end, (start // SECTOR + 1) * SECTOR)
        data = write.data[start - write.offset : border - write.offset]
        parts.append(Write(write.inode, start, data))
        start = border
    return parts
