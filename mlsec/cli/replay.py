"""``mlsec replay``: serve evidence back as an AWS API on this machine."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any

from mlsec.cli import console, exits


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "replay",
        help="serve evidence back as an AWS API, on this machine only",
        description="Answers what the evidence holds, on 127.0.0.1, until it is interrupted.",
    )
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: a free one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from mlsec.pipeline import open_evidence
    from mlsec.providers.aws.replay.server import LOOPBACK, Answers, serve

    with open_evidence(args.snapshot) as snapshot:
        server = serve(Answers(snapshot), args.port)
        console.out(f"AWS_ENDPOINT_URL=http://{LOOPBACK}:{server.server_address[1]}")
        console.note("any credentials do; interrupt to end")
        with contextlib.suppress(KeyboardInterrupt), contextlib.closing(server.socket):
            server.serve_forever()
    return exits.CLEAN
