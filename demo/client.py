"""A small client of Home Assistant's own API: what its frontend does, without the pictures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import time
from typing import Any, Self

import aiohttp

type Json = dict[str, Any]

USER = "demo"
PASSWORD = "demo"
_FLOWS = "/api/config/config_entries/flow"
_OPTIONS = "/api/config/config_entries/options/flow"
_ENTRIES = "/api/config/config_entries/entry"
_STEPS_MAX = 20


class ApiError(Exception):
    """Home Assistant refused a call."""

    def __init__(self, status: int, path: str, text: str) -> None:
        """Keep the status and the beginning of what it said."""
        super().__init__(f"HTTP {status} from {path}: {text[:500]}")
        self.status = status
        self.text = text


class FlowStuck(Exception):
    """A flow showed something that the given answers do not fit."""


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One state, as far as we need it."""

    id: str
    state: str
    attributes: Json

    @property
    def known(self) -> bool:
        """Whether the entity says anything."""
        return self.state not in ("unknown", "unavailable")


class Client:
    """Speaks to one Home Assistant as one user. `async with Client(url) as home`."""

    def __init__(self, url: str) -> None:
        """Remember where Home Assistant listens."""
        self.url = url
        self._session: aiohttp.ClientSession | None = None
        self._token = ""

    async def __aenter__(self) -> Self:
        """Open the session."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=120),
            connector=aiohttp.TCPConnector(force_close=True),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    # -- Who we are -----------------------------------------------------------------------

    async def onboard(self, user: str = USER, password: str = PASSWORD) -> None:
        """Make the first user, as the very first page of a new Home Assistant does."""
        new = {
            "name": user.capitalize(),
            "username": user,
            "password": password,
            "client_id": f"{self.url}/",
            "language": "en",
        }
        answer = await self.post("/api/onboarding/users", new)
        await self._fetch_token(answer["auth_code"])

    async def log_in(self, user: str = USER, password: str = PASSWORD) -> None:
        """Log in with name and password."""
        whence = {"client_id": f"{self.url}/"}
        start = {
            **whence,
            "handler": ["homeassistant", None],
            "redirect_uri": f"{self.url}/",
        }
        flow = await self.post("/auth/login_flow", start)
        login = {**whence, "username": user, "password": password}
        answer = await self.post(f"/auth/login_flow/{flow['flow_id']}", login)
        if answer.get("type") != "create_entry":
            raise FlowStuck(f"login refused: {answer.get('errors')}")
        await self._fetch_token(answer["result"])

    async def _fetch_token(self, code: str) -> None:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": f"{self.url}/",
        }
        answer = await self._call("POST", "/auth/token", form=form)
        self._token = answer["access_token"]

    # -- REST -----------------------------------------------------------------------------

    async def get(self, path: str) -> Any:
        """GET."""
        return await self._call("GET", path)

    async def post(self, path: str, body: object = None) -> Any:
        """POST JSON."""
        return await self._call("POST", path, body=body)

    async def delete(self, path: str) -> Any:
        """DELETE."""
        return await self._call("DELETE", path)

    async def states(self, prefix: str = "") -> dict[str, Entity]:
        """Return the states whose entity id starts like this."""
        return {
            state["entity_id"]: Entity(
                id=state["entity_id"],
                state=state["state"],
                attributes=state["attributes"],
            )
            for state in await self.get("/api/states")
            if state["entity_id"].startswith(prefix)
        }

    async def state(self, entity_id: str) -> str:
        """Return one state, `absent` where there is no such entity."""
        try:
            answer = await self.get(f"/api/states/{entity_id}")
        except ApiError as err:
            if err.status == 404:
                return "absent"
            raise
        return str(answer["state"])

    async def template(self, text: str) -> str:
        """Render a template."""
        return str(await self._call("POST", "/api/template", body={"template": text}))

    async def device(self, entity_id: str) -> str:
        """Return the id of the device that an entity belongs to."""
        return await self.template(f"{{{{ device_id('{entity_id}') }}}}")

    async def act(self, action: str, data: Mapping[str, object] | None = None) -> Any:
        """Call an action that answers, and return its answer."""
        path = f"/api/services/{action.replace('.', '/')}?return_response"
        return (await self.post(path, data or {}))["service_response"]

    async def do(self, action: str, data: Mapping[str, object] | None = None) -> None:
        """Call an action that does not answer."""
        await self.post(f"/api/services/{action.replace('.', '/')}", data or {})

    # -- Config entries -------------------------------------------------------------------

    async def entries(self, domain: str) -> list[Json]:
        """List the config entries of a domain."""
        found: list[Json] = await self.get(f"{_ENTRIES}?domain={domain}")
        return found

    async def remove_entry(self, entry_id: str) -> None:
        """Delete a config entry."""
        await self.delete(f"{_ENTRIES}/{entry_id}")

    async def reload_entry(self, entry_id: str) -> None:
        """Reload a config entry."""
        await self.post(f"{_ENTRIES}/{entry_id}/reload")

    async def add(
        self, domain: str, *answers: tuple[str, Mapping[str, object]]
    ) -> Json:
        """Go through a config flow, screen by screen, and return what it made.

        Each answer is the step that must be on the screen and what is typed there. Fields
        that are not named keep what the screen shows; warnings are accepted.
        """
        first = await self.post(_FLOWS, {"handler": domain})
        return await self._go_through(_FLOWS, first, answers)

    async def change_options(
        self, entry_id: str, *answers: tuple[str, Mapping[str, object]]
    ) -> Json:
        """Go through the options flow of an entry."""
        first = await self.post(_OPTIONS, {"handler": entry_id})
        return await self._go_through(_OPTIONS, first, answers)

    async def _go_through(
        self,
        path: str,
        shown: Json,
        answers: tuple[tuple[str, Mapping[str, object]], ...],
    ) -> Json:
        left = list(answers)
        for _ in range(_STEPS_MAX):
            match shown["type"]:
                case "create_entry" if not left:
                    return shown
                case "menu":
                    step, _nothing = left.pop(0)
                    reply: Json = {"next_step_id": step}
                case "form" if shown.get("errors"):
                    reply = _accepted(shown)
                case "form" if left and left[0][0] == shown["step_id"]:
                    reply = filled(shown["data_schema"], left.pop(0)[1])
                case _:
                    raise FlowStuck(f"shows {_outline(shown)}, to do: {left}")
            typed, shown = reply, await self.post(f"{path}/{shown['flow_id']}", reply)
            shown["typed"] = typed
        raise FlowStuck("the flow does not end")

    # -- Websocket ------------------------------------------------------------------------

    async def command(self, kind: str, **options: object) -> Any:
        """Send one command over a websocket and return its result."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        async with self._session.ws_connect(f"{self.url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._token})
            await socket.receive_json()
            await socket.send_json({"id": 1, "type": kind, **options})
            answer = await socket.receive_json(timeout=30)
        if not answer["success"]:
            raise ApiError(0, kind, str(answer["error"]))
        return answer.get("result")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Any:
        if self._session is None:
            raise RuntimeError("the client is not open")
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(
            method, f"{self.url}{path}", headers=headers, json=body, data=form
        ) as response:
            text = await response.text()
            if not response.ok:
                raise ApiError(response.status, path, text)
            if response.content_type == "application/json":
                return await response.json()
            return text


def filled(schema: list[Json], typed: Mapping[str, object]) -> Json:
    """Return what a form sends: its own suggestions and defaults, and what was typed over them."""
    # A field that is to stay empty need not be there at all.
    given = {name for name, value in typed.items() if value is not None}
    unknown = given - {field["name"] for field in schema}
    if unknown:
        raise FlowStuck(f"no such fields: {sorted(unknown)}")
    sent: Json = {}
    for field in schema:
        name = field["name"]
        value = typed.get(name)
        if field.get("type") == "expandable":
            sent[name] = filled(
                field["schema"], value if isinstance(value, dict) else {}
            )
            continue
        if callable(value):
            value = value(field)
        if name not in typed:
            value = (field.get("description") or {}).get("suggested_value")
            value = field.get("default") if value is None else value
        if value is not None:
            sent[name] = value
    return sent


def option(label: str) -> Callable[[Json], str]:
    """Choose the option of a select field by what a person reads."""

    def choose(field: Json) -> str:
        for shown in field["selector"]["select"]["options"]:
            if shown["label"] == label:
                return str(shown["value"])
        raise FlowStuck(f"{field['name']} does not offer {label}")

    return choose


def _accepted(shown: Json) -> Json:
    """Send the same again and accept the warning; an error has no such field."""
    if not any(field["name"] == "accept" for field in shown["data_schema"]):
        raise FlowStuck(f"refuses what was typed: {_outline(shown)}")
    if shown["typed"].get("accept"):
        raise FlowStuck(f"does not take the acceptance: {_outline(shown)}")
    return {**shown["typed"], "accept": True}


def _outline(shown: Json) -> Json:
    names = ("type", "step_id", "errors", "reason", "menu_options")
    fields = [field["name"] for field in shown.get("data_schema") or ()]
    return {name: shown[name] for name in names if shown.get(name)} | {"fields": fields}


async def wait_until[T](
    look: Callable[[], Awaitable[T | None]],
    what: str,
    *,
    seconds: float = 60,
    every: float = 0.25,
) -> T:
    """Look again and again until there is something to see. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s in vain: {what}")
        await asyncio.sleep(every)
