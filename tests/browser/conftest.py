"""A filled demo and a browser. The demo serves a whole file; each test has a browser of its own."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
import os
from pathlib import Path
import shutil
from typing import Any

from playwright.async_api import Page, async_playwright
import pytest
import pytest_socket

from demo import seeding
from demo.client import PASSWORD, USER
from demo.processes import REPOSITORY, Vendor
from tests.e2e.conftest import check_log
from tests.e2e.hass_process import DOMAIN, Installation, run_elsewhere

SCREENSHOTS = REPOSITORY / "artifacts/screenshots"
WIDE = 1280
NARROW = 390
_HEIGHT = 900
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

type OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets; the harness still lets them reach loopback only."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    """Run the demo as `script/develop` fills it."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("demo")
    made = Installation(folder)
    others = {name: Vendor(folder, provider=name) for name in ("iak", "digiflazz")}
    made.start()
    try:
        for vendor in others.values():
            vendor.start()
        run_elsewhere(_fill(made, others))
        yield made
    finally:
        made.stop()
        for vendor in others.values():
            vendor.stop()
    check_log(made)


async def _fill(made: Installation, others: Mapping[str, Vendor]) -> None:
    vendors = {"reloadly": made.vendor, **others}
    for vendor in others.values():
        await vendor.ready()
    async with made.client() as home:
        await made.vendor.fault("takes", seconds=2, times=None)
        await seeding.settle_in(home)
        urls = {name: vendor.url for name, vendor in vendors.items()}
        await seeding.seed(home, urls)
        await seeding.play(home, made.vendor)
        await seeding.recharged_by_itself(home, made.vendor)
        await seeding.shown_sims(home)
        await seeding.question(home)


@pytest.fixture
async def open_page(demo: Installation) -> AsyncGenerator[OpenPage]:
    """Open pages that are logged in; a fault in our code fails the test."""
    faults: list[str] = []
    async with _browser() as browser:

        async def opened(
            path: str = "/", *, width: int = WIDE, scheme: str = "light"
        ) -> Page:
            size: Any = {"width": width, "height": _HEIGHT}
            context = await browser.new_context(viewport=size, color_scheme=scheme)
            context.set_default_timeout(20_000)
            page: Page = await context.new_page()
            page.on("pageerror", lambda fault: faults.append(fault.stack or str(fault)))
            await page.goto(demo.hass.url)
            await page.locator("input[name=username]").fill(USER)
            await page.locator("input[name=password]").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"**/{seeding.DASHBOARD}/**")
            if path != "/":
                await page.goto(f"{demo.hass.url}{path}")
            return page

        yield opened
    # Home Assistant's frontend has faults of its own now and then.
    assert [fault for fault in faults if DOMAIN in fault] == []


@asynccontextmanager
async def _browser() -> AsyncGenerator[Any]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_program(), args=_ARGUMENTS
        )
        try:
            yield browser
        finally:
            await browser.close()


async def keep(page: Page, name: str, *, full: bool = False) -> None:
    """Keep a picture of the page, once it has stopped to move; `full` makes room for all of it."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    if full:
        # Lists are drawn only once they were in sight.
        for card in await page.locator("hui-logbook-card").all():
            await card.scroll_into_view_if_needed()
            await page.wait_for_timeout(300)
        height = await page.evaluate("document.documentElement.scrollHeight")
        width = await page.evaluate("window.innerWidth")
        await page.set_viewport_size({"width": width, "height": height})
    await page.wait_for_timeout(700)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")


def _program() -> str:
    for name in (os.environ.get("CHROMIUM", ""), *_PROGRAMS):
        if name and (found := shutil.which(name)):
            return found
    pytest.fail("There is no Chromium; CHROMIUM may name it.")
    return str(Path())
