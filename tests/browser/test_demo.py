"""The demo in a real browser: what a person sees and does."""

import re

from playwright.async_api import Page, expect
import pytest

from demo.client import Client, wait_until
from demo.processes import write_dashboard
from demo.seeding import DOMAIN
from demo.sims import ASK, AUTO, SIMS
from tests.e2e.hass_process import Installation, appears

from .conftest import NARROW, WIDE, OpenPage, keep

pytestmark = pytest.mark.browser

_OPEN_NOTIFICATIONS = """
document.querySelector("home-assistant").shadowRoot.querySelector("home-assistant-main")
    .dispatchEvent(new CustomEvent("hass-show-notifications"))
"""
WIDTHS = {"narrow": NARROW, "wide": WIDE}


async def test_the_dashboard_shows_every_sim(open_page: OpenPage) -> None:
    for scheme in ("light", "dark"):
        for name, width in WIDTHS.items():
            page = await open_page(width=width, scheme=scheme)
            for sim in SIMS:
                await expect(
                    page.get_by_text(sim.name, exact=True).first
                ).to_be_visible()
            await expect(page.get_by_text("Grace period").first).to_be_visible()
            await expect(page.get_by_text("Approve: recharge")).to_be_visible()
            await expect(page.locator("hui-error-card, hui-warning")).to_have_count(0)
            await keep(page, f"dashboard-en-{scheme}-{name}", full=True)
            await page.context.close()


async def test_adds_a_sim_through_the_dialogs(
    demo: Installation, open_page: OpenPage
) -> None:
    page = await open_page("/config/integrations/dashboard")
    await page.get_by_role("button", name="Add integration").click()
    await page.get_by_placeholder("Search for a brand name").fill("SIM Keeper")
    await page.get_by_text("SIM Keeper", exact=True).last.click()
    await keep(page, "add-1-menu")
    await page.get_by_text("Add a SIM").last.click()

    await _screen(page, "Which number?")
    await page.locator("ha-form input[name=number]").fill("+60 12-345 6789")
    await page.locator("ha-form input[name=name]").fill("Hotlink Penang")
    await keep(page, "add-2-number")
    await _submit(page)
    await _screen(page, "Which carrier?")
    await keep(page, "add-3-carrier")
    await _submit(page)
    await _screen(page, "What keeps it alive?")
    await keep(page, "add-4-keep-alive")
    await _submit(page)
    await _screen(page, "How does it stand today?")
    await page.locator("ha-form input[name=balance]").fill("4.30")
    await keep(page, "add-5-readings")
    await _submit(page)
    await _screen(page, "Who recharges?")
    await keep(page, "add-6-channel")
    await _submit(page)
    await _screen(page, "Is this the right operator?")
    await expect(page.get_by_text("Hotlink Malaysia")).to_be_visible()
    await keep(page, "add-7-operator")
    await _submit(page)
    await _screen(page, "When to recharge")
    await expect(page.get_by_text("5 MYR credit").last).to_be_visible()
    await keep(page, "add-8-rules")
    await _submit(page)
    await _screen(page, "What will happen")
    await keep(page, "add-9-preview")
    await page.get_by_text("Save", exact=True).last.click()
    await page.get_by_role("button", name=re.compile("finish", re.IGNORECASE)).click()

    async with demo.client() as home:
        await appears(home, "sensor.hotlink_penang_balance")
        assert await home.state("sensor.hotlink_penang_balance") == "4.30"
        device = await home.device("sensor.hotlink_penang_balance")
    await page.goto(f"{demo.hass.url}/config/devices/device/{device}")
    await expect(
        page.get_by_text("RM").or_(page.get_by_text("MYR")).first
    ).to_be_visible()
    await keep(page, "device-hotlink", full=True)
    await expect(page.get_by_text("123456789")).to_have_count(0)


async def test_shows_what_changed_rules_will_do(
    demo: Installation, open_page: OpenPage
) -> None:
    async with demo.client() as home:
        try:
            for language, title in (
                ("en", "What will happen"),
                ("zh-Hans", "将会发生什么"),
            ):
                await _speak(demo, home, language)
                for scheme, width in (("light", WIDE), ("dark", NARROW)):
                    name = f"options-{language}-{scheme}"
                    page = await open_page(
                        f"/config/integrations/integration/{DOMAIN}",
                        width=width,
                        scheme=scheme,
                    )
                    row = page.locator("ha-config-entry-row").filter(has_text=AUTO.name)
                    # After the arrow that folds it, before its menu.
                    await row.locator("ha-icon-button").nth(1).click()
                    await expect(page.locator("ha-form").first).to_be_visible()
                    await keep(page, f"{name}-form")
                    await page.locator(
                        "ha-expansion-panel"
                    ).last.scroll_into_view_if_needed()
                    await keep(page, f"{name}-form-end")
                    await _submit(page)
                    await _screen(page, title)
                    await keep(page, f"{name}-preview")
                    await page.context.close()
        finally:
            await _speak(demo, home, "en")


async def test_the_question_names_its_price_in_every_place(
    demo: Installation, open_page: OpenPage
) -> None:
    async with demo.client() as home:
        try:
            for language, most, scheme, width in (
                ("en", "at most 2.61 USD", "light", WIDE),
                ("zh-Hans", "最高 2.61 USD", "dark", NARROW),
            ):
                await _speak(demo, home, language)
                name = f"question-{language}-{scheme}"
                page = await open_page("/config/repairs", width=width, scheme=scheme)
                await page.get_by_text(ASK.name).first.click()
                await expect(page.get_by_text(most)).to_be_visible()
                await keep(page, f"{name}-repair")
                await page.goto(f"{demo.hass.url}/todo")
                await expect(page.get_by_text(most)).to_be_visible()
                await keep(page, f"{name}-to-do")
                await page.context.close()
        finally:
            await _speak(demo, home, "en")
    page = await open_page()
    await page.evaluate(_OPEN_NOTIFICATIONS)
    told = page.locator("persistent-notification-item").filter(has_text=ASK.name)
    await expect(told.first).to_contain_text("at most 2.61 USD")
    await told.first.scroll_into_view_if_needed()
    await keep(page, "question-en-light-notification")


async def test_approves_the_question_on_the_to_do_list(
    demo: Installation, open_page: OpenPage
) -> None:
    page = await open_page()
    question = page.locator("ha-check-list-item").filter(has_text="Approve: recharge")
    await expect(question).to_contain_text(ASK.name)
    await question.locator("ha-checkbox").first.click()

    async def bought() -> bool:
        return len(await demo.vendor.purchases(ASK.digits)) == 1

    await wait_until(bought, "the vendor has sold")
    await expect(question).to_have_count(0)
    async with demo.client() as home:

        async def safe() -> bool:
            return await home.state(f"sensor.{ASK.slug}_stage") == "active"

        await wait_until(safe, "the number is safe")
    await keep(page, "dashboard-approved", full=True)
    await page.goto(f"{demo.hass.url}/todo")
    await keep(page, "to-do")


async def test_the_dashboard_in_chinese(
    demo: Installation, open_page: OpenPage
) -> None:
    async with demo.client() as home:
        await _speak(demo, home, "zh-Hans")
        try:
            for scheme in ("light", "dark"):
                for name, width in WIDTHS.items():
                    page = await open_page(width=width, scheme=scheme)
                    await expect(page.get_by_text("最紧急的在前")).to_be_visible()
                    await expect(page.get_by_text("Days left")).to_have_count(0)
                    await keep(page, f"dashboard-zh-Hans-{scheme}-{name}", full=True)
                    await page.context.close()
            page = await open_page(f"/config/integrations/integration/{DOMAIN}")
            await keep(page, "integration-zh-Hans")
        finally:
            await _speak(demo, home, "en")


async def _speak(demo: Installation, home: Client, language: str) -> None:
    """Let everything speak a language: the server names entities, the user's browser the rest."""
    write_dashboard(demo.hass.config, language)
    await home.command("config/core/update", language=language)
    await home.command(
        "frontend/set_user_data",
        key="language",
        value={"language": language, "number_format": "language"},
    )
    for entry in await home.entries(DOMAIN):
        await home.reload_entry(entry["entry_id"])


async def _screen(page: Page, title: str) -> None:
    await expect(page.get_by_text(title).last).to_be_visible()


async def _submit(page: Page) -> None:
    button = page.get_by_role("button", name=re.compile("Submit|Next|提交|下一步"))
    await button.click()
