"""Bad answers: cut connections, html, garbage, too much of everything."""

import socket
import struct

from aiohttp import web

from .faults import Fault

BAD_ANSWERS = (
    "status",
    "garbage",
    "half_json",
    "huge",
    "deep",
    "redirect",
    "answer",
)
_HTML = "<html><body><h1>Bad gateway</h1></body></html>"


async def bad_answer(fault: Fault, request: web.Request) -> web.StreamResponse:
    """Make the bad answer of a fault."""
    headers = fault.headers
    match fault.kind:
        case "status":
            text = _HTML if fault.text is None else fault.text
            return web.Response(
                text=text,
                status=fault.status,
                content_type=fault.content_type,
                headers=headers,
            )
        case "answer":
            body = (fault.text or "").encode("latin-1")
            return web.Response(
                body=body,
                status=fault.status,
                content_type="application/json",
                headers=headers,
            )
        case "garbage":
            return web.Response(body=bytes(range(256)), content_type="application/json")
        case "huge":
            return web.Response(
                text=f'["{"x" * 3_000_000}"]', content_type="application/json"
            )
        case "deep":
            return web.Response(
                text="[" * 500_000 + "]" * 500_000, content_type="application/json"
            )
        case "redirect":
            return web.Response(status=307, headers={"Location": request.path})
        case _:
            return await _half(request)


async def _half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 100
    await response.prepare(request)
    await response.write(b'{"data": {"id": 46028')
    return cut(request, response)


def cut(
    request: web.Request, response: web.StreamResponse | None = None
) -> web.StreamResponse:
    """Close the connection without (the rest of) an answer."""
    if request.transport is not None:
        request.transport.close()
    return response or web.Response()


def reset(request: web.Request) -> web.StreamResponse:
    """Reset the connection, as a dying router or load balancer does."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()
