"""The routes of the live page, and what guards all of them; only GET, HEAD and the sign-in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import anyio.to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlsec.core.errors import MlsecError
from mlsec.web.access import COOKIE, Access, set_cookie
from mlsec.web.pages import NoSuchPageError, Pages, error_page, login_page, style_source
from mlsec.web.query import BadQueryError, read_query

# A page holds a history in memory for a moment: few at a time.
_PAGES_AT_ONCE = 4
_MOST_ADDRESS_CHARS = 8_000
_MOST_FORM_BYTES = 4_096
_READING = ("GET", "HEAD")
_WITHOUT_TOKEN = ("/healthz", "/icon.svg", "/favicon.ico", "/login")
_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="none"'
    b' stroke="#1f4f8f" stroke-width="2.2" d="M3 18V7l5 6 4-6 4 6 5-6v11"/></svg>'
)


def build_app(pages: Pages, access: Access) -> ASGIApp:
    """Put the pages behind the guard."""
    views = _Views(pages, access)
    routes = [
        Route("/", views.home),
        Route("/trend", views.trend),
        Route("/accounts", views.accounts),
        Route("/finding/{fingerprint:path}", views.finding),
        Route("/waivers", views.waivers),
        Route("/healthz", views.health),
        Route("/icon.svg", _icon),
        Route("/favicon.ico", _icon),
        Route("/login", views.login, methods=["GET", "POST"]),
    ]
    handlers = {
        HTTPException: _no_page,
        BadQueryError: _bad_query,
        NoSuchPageError: _no_page,
        MlsecError: _unreadable,
        Exception: _crashed,
    }
    return _Guard(Starlette(routes=routes, exception_handlers=handlers, lifespan=_few), access)


class _Views:
    """One function for each address; what reads runs in a thread."""

    def __init__(self, pages: Pages, access: Access) -> None:
        self._pages = pages
        self._access = access

    def home(self, request: Request) -> Response:
        return _html(self._pages.home(read_query(request.query_params.multi_items())))

    def trend(self, request: Request) -> Response:
        del request
        return _html(self._pages.trend())

    def accounts(self, request: Request) -> Response:
        del request
        return _html(self._pages.accounts())

    def finding(self, request: Request) -> Response:
        return _html(self._pages.finding(request.path_params["fingerprint"]))

    def waivers(self, request: Request) -> Response:
        del request
        return _html(self._pages.waivers())

    def health(self, request: Request) -> Response:
        """Say whether the history can be read, and nothing else."""
        del request
        try:
            self._pages.check()
        except MlsecError:
            return Response("the history cannot be read\n", 503, media_type="text/plain")
        return Response("ok\n", media_type="text/plain")

    async def login(self, request: Request) -> Response:
        """Give a cookie for the token, and the form again for anything else."""
        if not self._access.token:
            return RedirectResponse("/", 303)
        if request.method != "POST":
            return _html(login_page())
        form = await _form(request)
        if not self._access.is_token(form.get("token", "")):
            await anyio.sleep(0.5)
            return _html(await run_in_threadpool(login_page, is_wrong=True), 403)
        is_secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
        cookie = set_cookie(self._access.session(), is_secure=is_secure)
        return RedirectResponse("/", 303, {"Set-Cookie": cookie})


class _Guard:
    """Refuses before any page runs, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        # The same as in the reports, with a form that leads back here.
        self._policy = (
            f"default-src 'none'; style-src {style_source()}; img-src 'self'; base-uri 'none';"
            " form-action 'self'; frame-ancestors 'none'"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        answer = self._refusal(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """Give the answer to a request that no page may see, None for any other."""
        path = request.url.path
        given = request.headers.getlist("host")
        if path != "/healthz" and not (len(given) == 1 and self._access.is_known_host(given[0])):
            said = "This server is not known by the name that was asked for."
            hint = "Where it is right, name it: mlsec serve --allowed-host NAME."
            return _html(error_page("Wrong host", said, hint), 421)
        if len(request.url.path) + len(request.url.query) > _MOST_ADDRESS_CHARS:
            return _html(error_page("Address too long", "No page has so long an address."), 414)
        if request.method not in _READING and (request.method, path) != ("POST", "/login"):
            said = "Pages can only be read: GET and HEAD."
            return _html(error_page("Not allowed", said), 405, {"Allow": ", ".join(_READING)})
        if path not in _WITHOUT_TOKEN and not self._is_known(request):
            return _html(login_page(), 401, {"WWW-Authenticate": 'Bearer realm="mlsec"'})
        return None

    def _is_known(self, request: Request) -> bool:
        if not self._access.token:
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._access.is_token(token.strip())
        return self._access.is_session(request.cookies.get(COOKIE, ""))

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers.update(
            {
                "Content-Security-Policy": self._policy,
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "X-Frame-Options": "DENY",
                "Referrer-Policy": "no-referrer",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
                "X-Robots-Tag": "noindex",
            }
        )


async def _form(request: Request) -> dict[str, str]:
    """Read a small form; a larger one is empty."""
    payload = b""
    async for chunk in request.stream():
        payload += chunk
        if len(payload) > _MOST_FORM_BYTES:
            return {}
    try:
        fields = parse_qs(payload.decode(), max_num_fields=8)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


@contextlib.asynccontextmanager
async def _few(app: Starlette) -> AsyncIterator[None]:
    del app
    anyio.to_thread.current_default_thread_limiter().total_tokens = _PAGES_AT_ONCE
    yield


def _html(page: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(page, status, headers, media_type="text/html; charset=utf-8")


def _icon(request: Request) -> Response:
    del request
    return Response(_ICON, media_type="image/svg+xml")


def _no_page(request: Request, error: Exception) -> Response:
    del request
    said = str(error) if isinstance(error, NoSuchPageError) else "There is no such page."
    return _html(error_page("Not found", said), getattr(error, "status_code", 404))


def _bad_query(request: Request, error: Exception) -> Response:
    del request
    return _html(error_page("Not understood", str(error)), 400)


def _unreadable(request: Request, error: Exception) -> Response:
    """Say why there is no page; where the file lies is for the log of the server."""
    del request
    assert isinstance(error, MlsecError)  # noqa: S101 - by the table of handlers
    return _html(error_page("Nothing can be shown", error.message, error.hint), 503)


def _crashed(request: Request, error: Exception) -> Response:
    del request, error
    said = "mlsec crashed while it made this page. What is open is not known from it."
    return _html(error_page("A mistake of ours", said, "The log of the server has more."), 500)
