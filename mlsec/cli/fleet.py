"""``mlsec fleet``: an organisation scanned by many workers, night after night."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import exits
from mlsec.cli.values import days, positive

if TYPE_CHECKING:
    from collections.abc import Callable

_VARIABLE = "MLSEC_FLEET_DATABASE"


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``fleet`` and its own commands."""
    parser = subparsers.add_parser(
        "fleet",
        help="scan a whole organisation with many workers",
        description="Scan an organisation's accounts, subscriptions, projects, clusters,"
        " repositories and buckets with many workers, over a ledger in PostgreSQL. Workers and"
        f" planners may be killed at any moment: what is done is kept. The variable {_VARIABLE}"
        " holds the database's URL. CONFIG is the fleet's configuration (YAML). Needs the extra"
        " fleet.",
        epilog=exits.EPILOG,
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _init(below)
    _plan(below)
    _run(below)
    _worker(below)
    _status(below)
    _retry(below)
    _cancel(below)
    _judge(below)
    _gc(below)
    _unit(below)


def _init(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "init", "make or renew the tables in the database, while a scan may go on")
    _add_database(parser)
    parser.add_argument("config", nargs="?", type=Path, metavar="CONFIG",
                        help="set what is readable for the owners of this configuration too"
                        )  # fmt: skip
    parser.add_argument("--roles", action="store_true",
                        help="also make the roles mlsec_planner, mlsec_worker, mlsec_reader and"
                        " mlsec_team, and grant each what it needs")  # fmt: skip


def _plan(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "plan", "say what a scan would ask and cost: only the scopes are listed,"
                  " and nothing is written")  # fmt: skip
    _add_config(parser)
    _add_workers(parser, "units at once that the minutes are for (default 4)", 4)
    parser.add_argument("--deployments", type=positive, default=5, metavar="N",
                        help="models in service that a scope is taken to have (default 5)"
                        )  # fmt: skip


def _run(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "run", "scan the organisation, or go on with the one that runs, to its"
                  " reports")  # fmt: skip
    _add_config(parser)
    _add_workers(parser, "also collect in this process, so many units at once (default: other"
                 " workers do)", 0)  # fmt: skip


def _worker(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "worker", "collect evidence of units until SIGTERM")
    _add_database(parser)
    parser.add_argument("--concurrency", type=positive, default=1, metavar="N",
                        help="units at once, each a process of its own (default 1)"
                        )  # fmt: skip


def _status(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "status", "show how far the newest scan is")
    _add_database(parser)
    _add_scan(parser)
    parser.add_argument("--why", action="store_true",
                        help="list every unit that was not done, with the right that it lacks"
                        )  # fmt: skip
    parser.add_argument("--openmetrics", action="store_true",
                        help="write the figures as OpenMetrics text instead, for Prometheus"
                        )  # fmt: skip


def _retry(below: argparse._SubParsersAction[Any]) -> None:
    from mlsec.cli.fleet_words import ERROR_CLASSES

    parser = _add(below, "retry", "let units that were not done be tried again")
    _add_database(parser)
    _add_scan(parser)
    parser.add_argument("--class", dest="error_class", choices=ERROR_CLASSES, metavar="CLASS",
                        help=f"only those with this class of error: {', '.join(ERROR_CLASSES)}"
                        " (default: all)")  # fmt: skip


def _cancel(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "cancel", "end the scan that runs, without a report")
    _add_database(parser)
    _add_scan(parser)


def _judge(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(
        below, "judge", "assess the evidence of an ended scan again, with the rules of now"
    )
    _add_database(parser)
    _add_scan(parser)


def _gc(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "gc", "say which evidence of past scans is old; --prune removes it")
    _add_config(parser)
    parser.add_argument("--keep", type=days, default=30, metavar="DAYS",
                        help="keep scans that ended less than so many days ago, and the newest that"
                        " is done (default 30d)")  # fmt: skip
    parser.add_argument("--prune", action="store_true", help="remove what is old")


def _unit(below: argparse._SubParsersAction[Any]) -> None:
    parser = _add(below, "unit", "run one unit; a worker starts this, and no person needs to")
    parser.add_argument("unit", type=positive, metavar="UNIT", help="number of the unit")
    parser.add_argument("attempt", type=positive, metavar="ATTEMPT", help="number of the attempt")


def _add(below: argparse._SubParsersAction[Any], name: str, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = below.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=exits.EPILOG
    )
    parser.set_defaults(run=_command(name))
    return parser


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        from mlsec.cli import fleet_commands

        return fleet_commands.COMMANDS[name](args)

    return run


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG",
                        help="configuration of the fleet, such as fleet.yaml")  # fmt: skip


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", default="", metavar="URL",
                        help=f"PostgreSQL database (default: the variable {_VARIABLE}, in which a"
                        " password is not seen by others)")  # fmt: skip


def _add_scan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organisation", default="", metavar="NAME",
                        help="whose scan (default: the only organisation of the ledger)"
                        )  # fmt: skip
    parser.add_argument("--scan", type=positive, metavar="N",
                        help="number of the scan (default: the newest)")  # fmt: skip


def _add_workers(parser: argparse.ArgumentParser, about: str, default: int) -> None:
    parser.add_argument("--workers", type=positive, default=default, metavar="N", help=about)
