"""Pictures of receipts: uploaded, checked by their content, and kept with the order."""

from collections.abc import Awaitable, Callable
import hashlib
from pathlib import Path
import stat
from typing import Any

from aiohttp import FormData
from homeassistant.components import file_upload
from homeassistant.components.backup.const import EXCLUDE_FROM_BACKUP
from homeassistant.core import Context
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.sim_keeper import receipts
from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.receipts import (
    BYTES_MAX,
    Photo,
    PictureRefused,
    checked,
    keep,
    lay_down,
    suffix_of,
)

from .home_fixtures import House
from .test_repair_tasks import Form, clock, form, last, sim
from .test_repairs import answering, issues

__all__ = ["answering", "clock", "form", "sim"]

JPEG = b"\xff\xd8\xff\xe0" + bytes(60)
PICTURES = {
    "jpg": JPEG,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "webp": b"RIFF\x44\x00\x00\x00WEBPVP8 " + bytes(60),
    "heic": b"\x00\x00\x00\x18ftypheic" + bytes(60),
}

type Upload = Callable[[bytes], Awaitable[str]]


# -- Files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_picture_is_known_by_its_content(tmp_path: Path, suffix: str) -> None:
    misnamed = tmp_path / "evil.html"
    misnamed.write_bytes(PICTURES[suffix])
    assert checked(misnamed) == Photo(PICTURES[suffix], suffix)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff\xd8", b"GIF89a" + bytes(60), b"%PDF-1.7", b"<svg></svg>"),
        *(b"RIFF\x00\x00\x00\x00WAVEfmt ", b"\x00\x00\x00\x18ftypmp42" + bytes(60)),
        *(b" " + JPEG, b"\x89PNG\n\x1a\n"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "receipt.jpg"
    path.write_bytes(content)
    with pytest.raises(PictureRefused) as refused:
        checked(path)
    assert refused.value.reason == "picture_unknown"
    assert suffix_of(content) is None


@pytest.mark.parametrize("more", [0, 1, BYTES_MAX])
def test_a_picture_has_a_limit(tmp_path: Path, more: int) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(JPEG + bytes(BYTES_MAX - len(JPEG) + more))
    if not more:
        assert len(checked(path).content) == BYTES_MAX
        return
    with pytest.raises(PictureRefused) as refused:
        checked(path)
    assert refused.value.reason == "picture_too_large"


def test_a_picture_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    where = tmp_path / "sim_keeper" / "receipts"
    laid = lay_down(where, Photo(JPEG, "jpg"), 12)
    assert laid.picture.name == "12.jpg"
    assert laid.picture.sha256 == hashlib.sha256(JPEG).hexdigest()
    assert not (where / "12.jpg").exists()
    keep(laid)
    (kept,) = where.iterdir()
    assert (kept.name, kept.read_bytes()) == ("12.jpg", JPEG)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_no_picture_takes_the_place_of_another(tmp_path: Path) -> None:
    names = []
    for number in range(3):
        laid = lay_down(tmp_path, Photo(JPEG + bytes([number]), "jpg"), 1)
        keep(laid)
        names.append(laid.picture.name)
    assert names == ["1.jpg", "1-2.jpg", "1-3.jpg"]
    assert {path.read_bytes()[-1] for path in tmp_path.iterdir()} == {0, 1, 2}


# -- The form -------------------------------------------------------------------------------


@pytest.fixture
def upload(
    hass_client: ClientSessionGenerator,
    form: Form,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Upload:
    """Return how the frontend uploads a file, with a name that lies."""
    # Home Assistant uploads into one folder of the machine, which it removes when it stops.
    monkeypatch.setattr(file_upload, "TEMP_DIR_NAME", str(tmp_path / "uploads"))

    async def send(content: bytes) -> str:
        client = await form.answering.connect()
        data = FormData()
        data.add_field("file", content, filename="receipt.exe")
        response = await client.post("/api/file_upload", data=data)
        assert response.status == 200, await response.text()
        return str((await response.json())["file_id"])

    return send


def kept(house: House) -> dict[str, bytes]:
    """Return the pictures that lie in the configuration folder."""
    where = Path(house.hass.config.path("sim_keeper", "receipts"))
    return {path.name: path.read_bytes() for path in where.glob("*")}


@pytest.fixture(autouse=True)
def empty_folder(house: House, tmp_path: Path) -> None:
    """Let each test have a configuration folder of its own for its pictures."""
    house.hass.config.config_dir = str(tmp_path)


@pytest.mark.parametrize("suffix", PICTURES)
@pytest.mark.parametrize("way", ["paid", "already_paid"])
async def test_a_picture_is_kept_with_the_order(
    house: House,
    sim: MockConfigEntry,
    form: Form,
    upload: Upload,
    admin: Context,
    suffix: str,
    way: str,
) -> None:
    content = PICTURES[suffix]
    await form.open(way=way)
    answer = await form.send(amount="7500", picture=await upload(content))
    assert answer["type"] == "create_entry"
    await house.settle()
    assert (await last(house)).state is State.CONFIRMED
    assert kept(house) == {f"1.{suffix}": content}
    (row,) = (await house.call("get_ledger", admin))["orders"]
    assert row["picture"] == f"sim_keeper/receipts/1.{suffix}"
    assert row["picture_sha256"] == hashlib.sha256(content).hexdigest()
    assert Path(house.hass.config.path(row["picture"])).read_bytes() == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>", "picture_unknown"),
        (JPEG + bytes(BYTES_MAX), "picture_too_large"),
        (None, "picture_gone"),
    ],
    ids=["unknown", "too large", "gone"],
)
async def test_a_refused_picture_stands_at_its_field(
    house: House,
    sim: MockConfigEntry,
    form: Form,
    upload: Upload,
    content: bytes | None,
    reason: str,
) -> None:
    await form.open()
    file_id = "0" * 32 if content is None else await upload(content)
    typed = {**form.filled, "amount": "7500", "picture": file_id}
    answer = await form.answering.type(**typed)
    form.check()
    assert answer["errors"] == {"picture": reason}
    # All but the file, which is gone, is kept in the form.
    assert form.filled == {key: typed[key] for key in typed if key != "picture"}
    assert (await last(house)).state is State.ASKED
    assert kept(house) == {}
    assert (await form.send())["type"] == "create_entry"
    assert (await last(house)).state is State.CONFIRMED


async def test_a_picture_outlives_what_is_wrong_elsewhere(
    house: House, sim: MockConfigEntry, form: Form, upload: Upload
) -> None:
    await form.open()
    file_id = await upload(JPEG)
    answer = await form.send(amount="x", picture=file_id)
    assert answer["errors"] == {"amount": "amount_not_a_number"}
    assert (await form.send(amount="7500"))["type"] == "create_entry"
    await house.settle()
    assert kept(house) == {"1.jpg": JPEG}


async def test_what_the_ledger_forbids_leaves_no_picture_behind(
    house: House,
    sim: MockConfigEntry,
    form: Form,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await form.open()

    def full(*_: object) -> None:
        raise LedgerBroken(LedgerFault.UNWRITABLE, "disk full")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "confirm_paid", full)
        answer = await form.send(picture=await upload(JPEG))
    assert answer["errors"] == {"base": "failed"}
    assert kept(house) == {}
    assert "task_1" in issues(house.hass)


async def test_a_refusal_by_the_ledger_does_not_ask_for_the_picture_again(
    house: House, sim: MockConfigEntry, form: Form, upload: Upload, admin: Context
) -> None:
    device = house.device(sim)
    await house.call("record_recharge", admin, device_id=device, amount=5000)
    await house.call("recharge", admin, device_id=device, another=True)
    await form.open("task_2")
    file_id = await upload(JPEG)
    answer = await form.send(picture=file_id)
    assert answer["errors"] == {"receipt": "already_recorded"}
    assert (await form.send(receipt="the second"))["type"] == "create_entry"
    await house.settle()
    assert kept(house) == {"2.jpg": JPEG}


async def test_a_disk_that_takes_no_picture_does_not_lose_the_recharge(
    house: House, sim: MockConfigEntry, form: Form, upload: Upload
) -> None:
    # A file where the folder should be.
    Path(house.hass.config.path("sim_keeper")).write_text("in the way")
    await form.open()
    answer = await form.send(amount="7500", picture=await upload(JPEG))
    assert answer["errors"] == {"picture": "picture_not_kept"}
    assert (await last(house)).state is State.ASKED
    form_without = {k: v for k, v in form.filled.items() if k != "picture"}
    assert (await form.answering.type(**form_without))["type"] == "create_entry"
    assert str((await last(house)).cost) == "7500.00 IDR"


async def test_the_folder_is_part_of_a_backup(house: House) -> None:
    where = receipts.folder(house.hass).relative_to(house.hass.config.config_dir)
    for name in ("1.jpg", "1-2.heic"):
        path = Path(where) / name
        assert not any(path.match(pattern) for pattern in EXCLUDE_FROM_BACKUP)


async def test_pictures_are_not_needed_to_be_there(
    house: House, sim: MockConfigEntry, form: Form, upload: Upload, admin: Context
) -> None:
    await form.open()
    await form.send(picture=await upload(JPEG))
    await house.settle()
    Path(house.hass.config.path("sim_keeper/receipts/1.jpg")).unlink()
    answer: Any = await house.call("get_ledger", admin)
    # The ledger says what was there; whether it still is, is its owner's business.
    assert answer["orders"][0]["picture"] == "sim_keeper/receipts/1.jpg"
