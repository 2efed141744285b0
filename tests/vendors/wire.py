"""JSON as vendors write it: numbers exactly as the Decimals have them."""

from collections.abc import Mapping
from decimal import Decimal
import json

from aiohttp import web

type Shown = str | int | Decimal | bool | list[Shown] | dict[str, Shown] | None


def write(value: object) -> str:
    """Write JSON with numbers exactly as the Decimals have them."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return (
            "{"
            + ",".join(f"{json.dumps(k)}:{write(v)}" for k, v in value.items())
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(write(item) for item in value) + "]"
    return json.dumps(value)


def reply(value: object, status: int = 200) -> web.Response:
    """Answer in JSON."""
    return web.Response(
        text=write(value), status=status, content_type="application/json"
    )
