"""Every sentence exists in every language, and nothing is said that has no sentence."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import validate_selector
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.sim_keeper import actions, rule_actions
from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.errors import AmountFault, LedgerFault
from custom_components.sim_keeper.keeper.ledger.book import TOLD
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.taps import Verb

from .home_fixtures import House

ROOT = Path("custom_components/sim_keeper")
LANGUAGES = ("en", "id", "zh-Hans")
TEXTS: dict[str, Any] = {
    language: json.loads((ROOT / f"translations/{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
EN = TEXTS["en"]
SERVICES: dict[str, Any] = {
    name: service
    for name, service in load_yaml_dict(str(ROOT / "services.yaml")).items()
    if not name.startswith(".")
}
MESSAGES: dict[str, str] = EN["selector"]["message"]["options"]
PLACEHOLDER = re.compile(r"{(\w+)}")


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def placeholders(text: str) -> set[str]:
    """Return the names of a text's placeholders."""
    return set(PLACEHOLDER.findall(text))


# -- The languages agree --------------------------------------------------------------------


def test_there_are_no_other_languages() -> None:
    found = {path.stem for path in (ROOT / "translations").iterdir()}
    assert found == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_texts(language: str) -> None:
    here, english = dict(leaves(TEXTS[language])), dict(leaves(EN))
    assert set(here) == set(english)
    for path, text in here.items():
        assert placeholders(text) == placeholders(english[path]), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_texts(language: str) -> None:
    for path, text in leaves(TEXTS[language]):
        assert text.strip() == text != "", path
        assert "[%key" not in text, path
        assert "://" not in text, path
        assert text.count("{") == text.count("}") == len(PLACEHOLDER.findall(text)), (
            path
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_written_one_way(language: str) -> None:
    text = (ROOT / f"translations/{language}.json").read_text("utf-8")
    assert text == json.dumps(TEXTS[language], ensure_ascii=False, indent=2) + "\n"


# -- Actions --------------------------------------------------------------------------------


def test_every_action_and_field_has_texts_and_an_icon() -> None:
    icons = json.loads((ROOT / "icons.json").read_text("utf-8"))["services"]
    assert set(EN["services"]) == set(SERVICES) == set(icons)
    for name, service in SERVICES.items():
        texts = EN["services"][name]
        assert {"name", "description", "fields"} == set(texts), name
        assert set(texts["fields"]) == set(service["fields"]), name
        for field in texts["fields"].values():
            assert set(field) == {"name", "description"}
        assert icons[name]["service"].startswith("mdi:")


def test_selectors_are_valid_and_their_options_have_texts() -> None:
    for service in SERVICES.values():
        for name, field in service["fields"].items():
            selector = validate_selector(field["selector"])
            options = (selector.get("select") or {}).get("options")
            if options:
                key = selector["select"]["translation_key"]
                assert set(EN["selector"][key]["options"]) == set(options), name


def test_fields_are_those_that_the_actions_take() -> None:
    schemas: dict[str, dict[Any, Any]] = {
        "recharge": actions._RECHARGE,
        "approve": actions._DEVICE_OR_ORDER,
        "cancel": actions._DEVICE_OR_ORDER,
        "skip": actions._DEVICE_OR_ORDER,
        "resolve": actions._RESOLVE,
        "record_recharge": actions._RECORD,
        "update_reading": actions._READING,
        "mark_active": actions._DEVICE,
        "get_ledger": actions._LEDGER,
        "preview": rule_actions.PREVIEW,
        "list_products": rule_actions.LIST_PRODUCTS,
        "pause": rule_actions.PAUSE,
        "resume": rule_actions.RESUME,
    }
    assert set(schemas) == set(SERVICES)
    for name, schema in schemas.items():
        fields = SERVICES[name]["fields"]
        assert {str(marker) for marker in schema} == set(fields), name
        required = {
            str(marker) for marker in schema if type(marker).__name__ == "Required"
        }
        assert required == {n for n, f in fields.items() if f.get("required")}, name


async def test_home_assistant_can_describe_the_actions(house: House) -> None:
    await house.start()
    described = (await async_get_all_descriptions(house.hass))[DOMAIN]
    assert set(described) == set(SERVICES)


# -- Errors ---------------------------------------------------------------------------------

_RAISERS = {"_invalid", "_failed", "_refused"}
_PASSED_ON = {
    *("err.reason", "err.reason.value", "key", "issue.key"),
    *("rest[0].value", "silence.value"),
}
"""Keys from elsewhere: a place that this test finds as well, or any `Reason`."""


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Yield every call in the integration; channels speak to the heart, not to people."""
    for path in sorted(ROOT.rglob("*.py")):
        if path.is_relative_to(ROOT / "channels"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


def name_of(call: ast.Call) -> str:
    """Return the last part of what is called."""
    return ast.unparse(call.func).rsplit(".", maxsplit=1)[-1]


def keys_of(node: ast.expr) -> set[str]:
    """Return the keys that an expression can be."""
    source = ast.unparse(node)
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.IfExp):
        return keys_of(node.body) | keys_of(node.orelse)
    if match := re.fullmatch(r"Reason\.(\w+)\.value", source):
        return {Reason[match[1]].value}
    if source == "f'ledger_{err.fault.value}'":
        return {f"ledger_{fault.value}" for fault in LedgerFault}
    if source == "f'mode_{reason}'":
        found = {key for key in EN["exceptions"] if key.startswith("mode_")}
        return found - {"mode_ask", "mode_forbids"}
    assert source in _PASSED_ON, source
    return set()


def raised() -> dict[str, set[str]]:
    """Return every key that can be raised, with the numbers it is given."""
    found: dict[str, set[str]] = {reason.value: set() for reason in Reason}
    found |= {fault.value: set() for fault in AmountFault}
    for path, call in calls():
        given = {word.arg: word.value for word in call.keywords if word.arg}
        name, heart = name_of(call), path.is_relative_to(ROOT / "keeper")
        if name == "OrderRefused" or (name in _RAISERS and not heart):
            numbers = set(given)
            keys = keys_of(call.args[0])
        elif "translation_key" in given and "translation_domain" in given:
            numbers = _names(given.get("translation_placeholders"))
            keys = keys_of(given["translation_key"])
        else:
            continue
        for key in keys:
            found[key] = found.get(key, set()) | numbers
    return found


def _names(node: ast.expr | None) -> set[str]:
    if isinstance(node, ast.Dict):
        return {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    return set()


def test_every_error_has_a_sentence_with_its_numbers() -> None:
    known = EN["exceptions"]
    for key, numbers in raised().items():
        assert key in known, f"no sentence for the error {key}"
        assert placeholders(known[key]["message"]) == numbers, key


def test_no_sentence_is_left_over() -> None:
    assert set(EN["exceptions"]) <= set(raised())


# -- Messages -------------------------------------------------------------------------------


def said() -> Iterator[tuple[str, set[str] | None]]:
    """Yield the keys of sentences that the code names, with what they are given."""
    for path, call in calls():
        name, taps = name_of(call), path.name == "taps.py"
        if name not in ("say", "sentence") and not (taps and name == "_text"):
            continue
        given: set[str] | None = {str(word.arg) for word in call.keywords}
        if any(word.arg is None for word in call.keywords):
            given = None
        for arg in call.args[:2]:
            for node in ast.walk(arg):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value, given


def test_every_message_has_words_and_gets_its_numbers() -> None:
    for key, given in said():
        if key.endswith("_") or key not in MESSAGES:
            assert any(known.startswith(key) or key in known for known in MESSAGES), key
        elif given is not None:
            assert placeholders(MESSAGES[key]) <= given, key


def test_every_told_event_and_button_has_words() -> None:
    source = (ROOT / "messages.py").read_text("utf-8")
    for type_ in TOLD:
        starts = [key for key in MESSAGES if key.startswith(f"told_{type_.value}")]
        assert starts or type_.name in source, type_
    for verb in Verb:
        assert f"button_{verb.value}" in MESSAGES


def test_no_message_is_left_over() -> None:
    source = "".join(path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py")))
    generic = {f"told_{type_.value}" for type_ in TOLD}
    for key in MESSAGES:
        if key.startswith("told_") and key not in generic:
            assert f'"{key}"' in source, key


# -- Repairs --------------------------------------------------------------------------------


def test_every_issue_has_words() -> None:
    source = "".join(
        (ROOT / name).read_text("utf-8") for name in ("repairs.py", "carrier_news.py")
    )
    frozen = {f"ledger_frozen_{fault.value}" for fault in LedgerFault}
    for key in EN["issues"]:
        assert key in frozen or f'"{key}"' in source, key
    for key, issue in EN["issues"].items():
        assert ("description" in issue) != ("fix_flow" in issue), key
    assert frozen <= set(EN["issues"])


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_reads_the_files(
    hass: HomeAssistant, language: str
) -> None:
    for category in ("exceptions", "issues", "services", "selector", "system_health"):
        texts = await async_get_translations(hass, language, category, {DOMAIN})
        assert any(key.startswith(f"component.{DOMAIN}.{category}") for key in texts)
