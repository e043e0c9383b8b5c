"""``mlsec replay``: serve evidence back as an AWS API on this machine."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any

from mlsec.cli import console, exits
from mlsec.cli.values import port


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "replay",
        help="serve the AWS evidence of a snapshot as an API on this machine",
        description="Serve the AWS answers in a snapshot on 127.0.0.1 until interrupted (Ctrl-C).",
        epilog=exits.EPILOG,
    )
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT",
                        help="snapshot file, or its readable form in a folder")  # fmt: skip
    parser.add_argument("--port", type=port, default=0, metavar="N",
                        help="TCP port to listen on (default: a free one)")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from mlsec.core.errors import MlsecError
    from mlsec.providers.aws.replay.server import LOOPBACK, Answers, serve
    from mlsec.snapshot.evidence import open_evidence

    with open_evidence(args.snapshot) as snapshot:
        try:
            server = serve(Answers(snapshot), args.port)
        except OSError as error:
            raise MlsecError(
                f"port {args.port} cannot be used: {error.strerror}",
                hint="leave out --port for a free one",
            ) from None
        console.out(f"AWS_ENDPOINT_URL=http://{LOOPBACK}:{server.server_address[1]}")
        console.note("any credentials do; interrupt to end")
        with contextlib.suppress(KeyboardInterrupt), contextlib.closing(server.socket):
            server.serve_forever()
    return exits.CLEAN
