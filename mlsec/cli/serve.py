"""``mlsec serve``: the live page of a history."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from mlsec.cli import console, exits
from mlsec.cli.values import history_place, port
from mlsec.core.errors import MlsecError

_LOOPBACK = "127.0.0.1"
_PORT = 8484
_TOKEN = "MLSEC_WEB_TOKEN"  # noqa: S105 - the name of the variable


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "serve",
        help="serve a history as a live page that can only be read",
        description="Serve a history as web pages until interrupted (Ctrl-C): what is open, trend,"
        " accounts, the life of one failure, waivers. Only this machine can reach it, unless --host"
        f" is given. With the variable {_TOKEN} set, pages are shown only to those who have"
        " that token. Needs the extra web.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("history", type=history_place, metavar="HISTORY",
                        help="history that mlsec scan --history wrote: a file, or the URL of a"
                        " PostgreSQL database")  # fmt: skip
    parser.add_argument("--report", type=Path, metavar="DIR",
                        help="folder of the last scan's reports: its root causes and waivers are"
                        " shown too")  # fmt: skip
    parser.add_argument("--host", default=_LOOPBACK, metavar="ADDRESS",
                        help=f"IP address to listen on; any other than a loopback address needs"
                        f" {_TOKEN} (default {_LOOPBACK})")  # fmt: skip
    parser.add_argument("--port", type=port, default=_PORT, metavar="N",
                        help=f"TCP port to listen on, 0 for a free one (default {_PORT})"
                        )  # fmt: skip
    parser.add_argument("--allowed-host", action="append", default=[], metavar="NAME",
                        help="name by which browsers reach it, such as that of a reverse proxy;"
                        " repeatable (default: loopback and --host)")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    token = _token(args.host)
    try:
        from mlsec.web.server import listen, serve
    except ModuleNotFoundError as error:
        from mlsec.core.installation import command_to_add

        raise MlsecError(
            f"the live page needs {error.name}, which is not installed",
            hint=command_to_add("web"),
        ) from error
    from mlsec.cli.files import load_assessment
    from mlsec.web.access import Access, own_hosts
    from mlsec.web.pages import Pages
    from mlsec.web.source import Source

    source = Source(args.history, args.report, load_assessment)
    pages = Pages(source)
    pages.check()
    source.report()
    access = Access(hosts=own_hosts(args.host, args.allowed_host), token=token)
    listener = listen(args.host, args.port)
    name = f"[{args.host}]" if ":" in args.host else args.host
    console.out(f"http://{name}:{listener.getsockname()[1]}/")
    console.note(
        f"{'the token is needed' if token else 'every user of this machine can read it'};"
        " interrupt to end"
    )
    serve(pages, access, listener)
    return exits.CLEAN


def _token(host: str) -> str:
    """Take the token from the environment.

    Raises:
        MlsecError: it is too short, there is none where one is needed, or the host is no address.
    """
    import ipaddress

    token = os.environ.get(_TOKEN, "")
    shortest = 20
    how = f"set {_TOKEN} to a random one, such as: openssl rand -hex 32"
    if token and len(token) < shortest:
        raise MlsecError(f"{_TOKEN} is shorter than {shortest} characters", hint=how)
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise MlsecError(
            f'"{host}" is not an IP address', hint="write --host 0.0.0.0 for all of this machine"
        ) from None
    if not is_loopback and not token:
        raise MlsecError(f"--host {host} can be reached by others, so it needs a token", hint=how)
    return token
