"""The HTTP border: what is proved about a request, for every way in which it can go wrong."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import gzip
import json
from pathlib import Path
import socket
import ssl
import struct

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.sim_keeper.channels.http import (
    Border,
    check_base_url,
    open_session,
)
from custom_components.sim_keeper.channels.parsing import (
    Exact,
    NotJson,
    decode,
    encode,
    exact_text,
)
from custom_components.sim_keeper.keeper.errors import (
    NotSent,
    OutcomeUnknown,
    Unavailable,
)

from .conftest import Clock

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def listening(
    serve: Serve, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[str]:
    """Serve raw bytes on loopback."""
    serving: set[asyncio.Task[None]] = set()

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if task := asyncio.current_task():
            serving.add(task)
        try:
            await serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def answering(raw: bytes, seen: list[bytes] | None = None) -> Serve:
    """Read one request and answer with these bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if seen is not None:
            seen.append(head + await reader.readexactly(length))
        writer.write(raw)
        await writer.drain()

    return serve


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request, then reset the connection."""
    await reader.readuntil(b"\r\n\r\n")
    _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def submit(border: Border, timeout_s: float = 5) -> object:
    return (await border.submit("/buy", body={"amount": 1}, timeout_s=timeout_s)).body


# -- Addresses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://topups.reloadly.com", "https://topups.reloadly.com"),
        (" https://Relay.Example:8443/ ", "https://relay.example:8443"),
        ("https://relay.example:443", "https://relay.example"),
        ("https://relay.example/top/up/", "https://relay.example/top/up"),
        ("https://93.184.216.34", "https://93.184.216.34"),
        ("http://127.0.0.1:8991", "http://127.0.0.1:8991"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8991/x", "http://[::1]:8991/x"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_a_good_base_url_is_normalised(text: str, origin: str) -> None:
    assert check_base_url(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "http://topups.reloadly.com",
        "http://localhost:8080",
        "http://192.168.1.5",
        "http://0.0.0.0",
        "http://127.1",
        "http://2130706433",
        "http://127.0.0.1.example",
        "http://[::ffff:127.0.0.1]",
        "http://[fe80::1]",
    ],
)
def test_plain_http_is_for_literal_loopback_only(text: str) -> None:
    with pytest.raises(ValueError, match=r"^url_not_https$"):
        check_base_url(text)


@pytest.mark.parametrize(
    "text", ["https://192.168.1.5", "https://10.0.0.1:8443", "https://[fd00::1]"]
)
def test_a_private_address_is_no_vendor(text: str) -> None:
    with pytest.raises(ValueError, match=r"^url_private$"):
        check_base_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "topups.reloadly.com",
        "//relay.example",
        "ftp://relay.example",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@relay.example",
        "https://relay.example?x=1",
        "https://relay.example/#x",
        "https://relay.example/a b",
        "https://relay.example/../x",
        "https://relay.example/%2e%2e/x",
        "https://relay.example//x",
        "https://relay.example\\@evil.example",
        "https://relay.example\nHost: evil.example",
        "https://relay.example:99999",
        "https://relay.example:0",
        "https://[::1",
        "https://-relay.example",
        "https://" + "a" * 400,
    ],
)
def test_a_bad_base_url_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^url_invalid$"):
        check_base_url(text)


# -- Provably not sent -------------------------------------------------------------------


async def test_a_refused_connection_is_not_sent(session: aiohttp.ClientSession) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        border = Border(session, f"http://127.0.0.1:{sock.getsockname()[1]}")
        with pytest.raises(NotSent, match=r"^no connection$"):
            await submit(border)
        with pytest.raises(Unavailable, match=r"^no connection$"):
            await border.read("/x")


class NoNames(AbstractResolver):
    """A name service that is down."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError("no name service")

    async def close(self) -> None:
        pass


async def test_a_name_that_cannot_be_resolved_is_not_sent() -> None:
    async with open_session(resolver=NoNames()) as session:
        with pytest.raises(NotSent, match=r"^no connection$"):
            await submit(Border(session, "https://vendor.example"))


async def test_a_server_that_speaks_no_tls_gets_nothing(
    session: aiohttp.ClientSession,
) -> None:
    async with listening(_speak_first) as address:
        with pytest.raises(NotSent, match=r"^no secure connection$"):
            await submit(Border(session, f"https://{address}"))


async def test_a_certificate_that_is_not_trusted_gets_nothing(
    session: aiohttp.ClientSession, self_signed: ssl.SSLContext
) -> None:
    seen: list[bytes] = []
    async with listening(answering(OK, seen), self_signed) as address:
        with pytest.raises(NotSent, match=r"^no secure connection$"):
            await submit(Border(session, f"https://{address}"))
        # The same server is fine for who does not care: it was the certificate.
        async with open_session(ssl_context=False) as careless:
            assert await submit(Border(careless, f"https://{address}")) == {}
    assert len(seen) == 1


async def _reset_at_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    _reset(writer)


async def _speak_first(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"220 mail.example ready\r\n")
    await reader.read()


async def _say_nothing(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.read()


async def test_a_reset_during_the_tls_handshake_is_not_sent(
    session: aiohttp.ClientSession,
) -> None:
    async with listening(_reset_at_once) as address:
        with pytest.raises(NotSent):
            await submit(Border(session, f"https://{address}"))


async def test_a_handshake_that_never_ends_is_not_sent_because_the_trace_says_so(
    session: aiohttp.ClientSession,
) -> None:
    async with listening(_say_nothing) as address:
        with pytest.raises(NotSent, match=r"^timeout$"):
            await submit(Border(session, f"https://{address}"), timeout_s=0.1)


async def test_without_the_trace_the_same_timeout_stays_unknown() -> None:
    """A session that somebody else made proves nothing."""
    async with listening(_say_nothing) as address, aiohttp.ClientSession() as foreign:
        with pytest.raises(OutcomeUnknown, match=r"^timeout$"):
            await submit(Border(foreign, f"https://{address}"), timeout_s=0.1)


async def test_a_closed_session_sends_nothing(session: aiohttp.ClientSession) -> None:
    await session.close()
    with pytest.raises(NotSent):
        await submit(Border(session, "https://vendor.example"))


# -- Perhaps sent ------------------------------------------------------------------------


async def test_a_reset_after_sending_is_unknown(session: aiohttp.ClientSession) -> None:
    """It is a ClientOSError, the parent class of what a refused connection raises."""
    async with listening(resetting) as address:
        border = Border(session, f"http://{address}")
        with pytest.raises(OutcomeUnknown, match=r"^connection lost$"):
            await submit(border)
        with pytest.raises(Unavailable, match=r"^connection lost$"):
            await border.read("/x")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 O", id="half a head"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", id="half a body"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", id="empty"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="no content"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="not http"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n<html></html>", id="html"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe{\x00}\x00", id="utf-16"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000, id="deep"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n{" + b" " * 2_200_000 + b"}", id="huge"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"9" * 5000, id="long number"),
        pytest.param(b'HTTP/1.1 200 OK\r\n\r\n{"cost": NaN}', id="not a number"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08", id="gzip"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}"),
            id="unasked compression",
        ),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n{}", id="302"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\n\r\n", id="304"),
        pytest.param(b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html></html>", id="502"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown(
    session: aiohttp.ClientSession, raw: bytes
) -> None:
    async with listening(answering(raw)) as address:
        with pytest.raises(OutcomeUnknown):
            await submit(Border(session, f"http://{address}"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(
    session: aiohttp.ClientSession, status: int
) -> None:
    seen: list[bytes] = []
    async with listening(answering(OK, seen)) as elsewhere:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: http://{elsewhere}/buy\r\n\r\n"
        async with listening(answering(head.encode())) as address:
            border = Border(session, f"http://{address}")
            with pytest.raises(OutcomeUnknown, match=f"^HTTP {status}$"):
                await submit(border)
            with pytest.raises(Unavailable, match=f"^HTTP {status}$"):
                await border.read("/x")
    assert not seen


async def test_a_timeout_after_sending_is_unknown(
    session: aiohttp.ClientSession,
) -> None:
    async with listening(_say_nothing) as address:
        with pytest.raises(OutcomeUnknown, match=r"^timeout$"):
            await submit(Border(session, f"http://{address}"), timeout_s=0.1)


async def test_a_body_that_drips_for_ever_ends_at_the_timeout(
    session: aiohttp.ClientSession,
) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.01)

    async with listening(drip) as address:
        with pytest.raises(OutcomeUnknown, match=r"^timeout$"):
            await submit(Border(session, f"http://{address}"), timeout_s=0.1)


async def test_cancelling_propagates(session: aiohttp.ClientSession) -> None:
    arrived = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()

    async with listening(hold) as address:
        task = asyncio.create_task(submit(Border(session, f"http://{address}")))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_purchase_is_sent_once_even_if_the_server_hangs_up(
    session: aiohttp.ClientSession,
) -> None:
    """Unlike a read, which aiohttp repeats by itself."""
    seen: list[bytes] = []
    async with listening(answering(b"", seen)) as address:
        with pytest.raises(OutcomeUnknown):
            await submit(Border(session, f"http://{address}"))
    assert len(seen) == 1


# -- What comes back ---------------------------------------------------------------------


async def test_numbers_arrive_exactly_as_written(
    session: aiohttp.ClientSession,
) -> None:
    raw = (
        b'HTTP/1.1 200 OK\r\n\r\n{"a": 505.00000000000, "b": 3.8E-5, "c": 0.1, "d": 7}'
    )
    async with listening(answering(raw)) as address:
        body = (await Border(session, f"http://{address}").read("/x")).body
    assert isinstance(body, dict)
    a, b, c, d = body.values()
    assert isinstance(a, Exact)
    assert isinstance(b, Exact)
    assert (exact_text(a), exact_text(b)) == ("505.00000000000", "3.8E-5")
    assert a == 505
    assert b == Decimal("0.000038")
    assert c == Decimal("0.1")
    assert type(d) is int


async def test_numbers_leave_exactly_as_they_are(
    session: aiohttp.ClientSession,
) -> None:
    seen: list[bytes] = []
    async with listening(answering(OK, seen)) as address:
        await Border(session, f"http://{address}/top").submit(
            "/buy",
            body={"amount": Decimal("3.40"), "local": True, "to": {"name": 'ü"\n'}},
            timeout_s=5,
        )
    head, body = seen[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /top/buy HTTP/1.1")
    assert b"Content-Type: application/json" in head
    assert b'"amount":3.40,' in body
    assert json.loads(body) == {"amount": 3.4, "local": True, "to": {"name": 'ü"\n'}}


@pytest.mark.parametrize(
    "raw", [b"[" * 500_000, b'{"a":' * 300_000, b"\xff", b"1" * 5000]
)
def test_what_cannot_be_parsed_leaves_no_trace_of_itself(raw: bytes) -> None:
    with pytest.raises(NotJson) as caught:
        decode(raw)
    assert (str(caught.value), caught.value.__context__) == ("", None)


def test_no_float_can_be_written() -> None:
    with pytest.raises(TypeError):
        encode({"amount": object()})  # type: ignore[dict-item]
    assert encode(Decimal("1E+3")) == "1000"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Fri, 20 Nov 2026 12:00:00 GMT", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 13:00:00 +0100", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 12:00:00 -0000", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("yesterday", None),
        ("Fri, 31 Feb 2026 12:00:00 GMT", None),
        ("Fri, 20 Nov 99999 12:00:00 GMT", None),
        ("", None),
    ],
)
async def test_the_vendors_clock_is_read(
    session: aiohttp.ClientSession, header: str, expected: datetime | None
) -> None:
    raw = f"HTTP/1.1 200 OK\r\nDate: {header}\r\n\r\n{{}}".encode()
    async with listening(answering(raw)) as address:
        answer = await Border(session, f"http://{address}").read("/x")
    assert answer.vendor_time == expected


async def test_a_failing_status_is_an_answer_if_it_is_json(
    session: aiohttp.ClientSession,
) -> None:
    raw = b'HTTP/1.1 400 Bad Request\r\n\r\n{"errorCode": "X"}'
    async with listening(answering(raw)) as address:
        answer = await Border(session, f"http://{address}").submit(
            "/buy", body={}, timeout_s=5
        )
    assert (answer.status, answer.ok, answer.body) == (400, False, {"errorCode": "X"})


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("120", 120), ("Fri, 20 Nov 2026 12:02:00 GMT", 120), ("999999", 3600)],
)
async def test_after_too_many_requests_nothing_is_sent_for_a_while(
    session: aiohttp.ClientSession, clock: Clock, header: str, wait_s: int
) -> None:
    seen: list[bytes] = []
    raw = (
        "HTTP/1.1 429 Too Many Requests\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
        f"Retry-After: {header}\r\n\r\n{{}}"
    )
    async with listening(answering(raw.encode(), seen)) as address:
        border = Border(session, f"http://{address}", clock=clock.monotonic)
        answer = await border.read("/x")
        assert answer.retry_after_s is not None
        assert answer.retry_after_s >= wait_s
        clock.advance(seconds=wait_s - 1)
        with pytest.raises(NotSent, match=r"^asked to wait$"):
            await submit(border)
        with pytest.raises(Unavailable, match=r"^asked to wait$"):
            await border.read("/x")
        clock.advance(seconds=2)
        await border.read("/x")
    assert len(seen) == 2


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """Make a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
