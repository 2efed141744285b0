"""Commands to the simulator from another process, on loopback only."""

import ipaddress
from typing import TYPE_CHECKING

from aiohttp import web

from .wire import reply

if TYPE_CHECKING:
    from .server import Simulator


def add_routes(app: web.Application, vendor: Simulator) -> None:
    """Add `/_control/truth`, `/_control/fault`, `/_control/clear` and `/_control/reset`."""

    async def truth(request: web.Request) -> web.Response:
        _check_local(request)
        hits = dict(vendor.faults.hits)
        return reply({**vendor.world.truth(), "hits": hits, "calls": len(vendor.calls)})

    async def fault(request: web.Request) -> web.Response:
        _check_local(request)
        try:
            vendor.fault(**await request.json())
        except (TypeError, ValueError) as err:
            raise web.HTTPBadRequest(text=repr(err)) from err
        return reply({"armed": len(vendor.faults.armed)})

    async def clear(request: web.Request) -> web.Response:
        _check_local(request)
        vendor.faults.clear()
        return reply({"armed": 0})

    async def reset(request: web.Request) -> web.Response:
        _check_local(request)
        vendor.faults.clear()
        vendor.faults.hits.clear()
        vendor.world.reset()
        return reply({})

    app.router.add_get("/_control/truth", truth)
    app.router.add_post("/_control/fault", fault)
    app.router.add_post("/_control/clear", clear)
    app.router.add_post("/_control/reset", reset)


def _check_local(request: web.Request) -> None:
    if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:
        raise web.HTTPForbidden
