"""Pictures of receipts: checked, and kept as files beside the ledger.

The ledger has their hashes. Everything here reads or writes the disk: use an executor.
"""

from dataclasses import dataclass
import hashlib
import os
from pathlib import Path
import secrets

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.core import HomeAssistant

from .keeper.ledger import Picture

FOLDER = "sim_keeper/receipts"
"""In the configuration folder, which Home Assistant's backup takes along."""
BYTES_MAX = 8 * 1024 * 1024

_HEIC_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
)
"""ISO/IEC 23008-12, annex B: the major brands of HEIF pictures."""


class PictureRefused(Exception):
    """A file is not kept as a receipt; the reason has words in the form."""

    def __init__(self, reason: str) -> None:
        """Say why: `picture_gone`, `picture_too_large`, `picture_unknown`."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Photo:
    """A checked picture that is not kept yet."""

    content: bytes
    suffix: str


@dataclass(frozen=True, slots=True)
class LaidDown:
    """A picture that is on the disk, under a name that nothing refers to yet."""

    fresh: Path
    picture: Picture
    """How the ledger is to know it."""


def uploaded(hass: HomeAssistant, file_id: str) -> Photo:
    """Read an uploaded picture, which is removed from the uploads. Raises PictureRefused."""
    try:
        with process_uploaded_file(hass, file_id) as path:
            return checked(path)
    except (FileNotFoundError, ValueError) as err:
        raise PictureRefused("picture_gone") from err


def checked(path: Path) -> Photo:
    """Read a file that is small enough and, by its content, a picture. Raises PictureRefused."""
    with path.open("rb") as file:
        # One more byte than allowed is enough to know, however large the file is.
        content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise PictureRefused("picture_too_large")
    suffix = suffix_of(content)
    if suffix is None:
        raise PictureRefused("picture_unknown")
    return Photo(content, suffix)


def suffix_of(content: bytes) -> str | None:
    """Return the ending that belongs to a picture's first bytes, None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return "heic"
    return None


def folder(hass: HomeAssistant) -> Path:
    """Return where the pictures lie."""
    return Path(hass.config.path(FOLDER))


def lay_down(where: Path, photo: Photo, order_id: int) -> LaidDown:
    """Write the picture of an order's receipt to the disk. Raises OSError."""
    where.mkdir(parents=True, exist_ok=True)
    fresh = where / f".{secrets.token_hex(8)}.new"
    # Receipts show names and card numbers: nobody but Home Assistant's own user reads them.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(photo.content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    name, number = f"{order_id}.{photo.suffix}", 1
    while (where / name).exists():
        # A ledger that was begun anew counts its orders from one again.
        number += 1
        name = f"{order_id}-{number}.{photo.suffix}"
    digest = hashlib.sha256(photo.content).hexdigest()
    return LaidDown(fresh, Picture(name=name, sha256=digest))


def keep(laid: LaidDown) -> None:
    """Give a picture its name, once the ledger knows it by that."""
    laid.fresh.replace(laid.fresh.with_name(laid.picture.name))


def drop(laid: LaidDown) -> None:
    """Take away a picture that nothing came of."""
    laid.fresh.unlink(missing_ok=True)
