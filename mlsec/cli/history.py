"""``mlsec history``: past scans of the same targets, their trend, and what is open since when."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import console, exits
from mlsec.cli.values import days, history_place
from mlsec.core.errors import MlsecError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlsec.core.trend import Trend
    from mlsec.history.queries import PastScan

_FORMATS = ("text", "json", "html")
_SCHEMA = "mlsec/history/1"
_COUNTED = (
    ("new", "new"),
    ("regressed", "regressed"),
    ("fixed", "fixed"),
    ("unchanged", "unchanged"),
    ("no_longer_seen", "gone"),
    ("not_assessed_now", "not assessed"),
    ("rule_gone", "rule gone"),
    ("waived", "waived"),
)


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "history",
        help="show past scans and the trend of their failures",
        description="Show the scans that mlsec scan --history recorded: what each changed,"
        " what was open by severity, provider, account and concern, and how long fixing took."
        " Regressed: it was fixed, waived or passed before. Gone: its resource no longer exists, or"
        " the rule no longer applies to it. Not assessed: the scan could not read what it needed,"
        " so the failure stays open.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("history", type=history_place, metavar="FILE",
                        help="history that mlsec scan --history wrote: a file, or the URL of a"
                        " PostgreSQL database")  # fmt: skip
    parser.add_argument("--open", action="store_true",
                        help="list the failures that are open instead, the worst first, with their"
                        " age")  # fmt: skip
    parser.add_argument("-f", "--format", choices=_FORMATS, default="", metavar="FORMAT",
                        help="text, json, or html for a page with plots (default: what the name of"
                        " the output ends in, else text)")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, metavar="OUTPUT",
                        help="file to write, such as trend.html (default: stdout)")  # fmt: skip
    parser.add_argument("--keep", type=days, metavar="DAYS",
                        help="say what is older than so many days, such as 400d, and ended:"
                        " failures, what others were before, counts of scans (default: all is kept)"
                        )  # fmt: skip
    parser.add_argument("--prune", action="store_true",
                        help="remove what --keep names; what is open stays with its age"
                        )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the trend of each set of targets, in one of the formats."""
    from mlsec.history.store import History

    if args.prune and args.keep is None:
        raise UsageError("--prune needs --keep", hint="such as --keep 400d --prune")
    if args.keep is not None:
        _prune(args)
        return exits.CLEAN
    with History(args.history) as history:
        trends = history.trends()
    if not trends:
        raise MlsecError(
            "no scan is recorded in this history",
            hint="mlsec scan TARGET --history FILE records one",
            location=str(args.history),
        )
    payload = _rendered(trends, args)
    if args.output is None:
        console.write_bytes(payload)
    else:
        from mlsec.cli.files import write_file

        write_file(args.output, payload)
        console.note(f"wrote {args.output}")
    return exits.CLEAN


def _prune(args: argparse.Namespace) -> None:
    """Say what is older than what is to be kept, and remove it where that is asked for."""
    import datetime

    from mlsec.history.store import History

    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=args.keep)
    with History(args.history) as history:
        pruned = history.prune(int(before.timestamp()), is_dry_run=not args.prune)
    said = (
        f"{pruned.scans:,} scans, {pruned.failures:,} failures that ended, and"
        f" {pruned.periods:,} earlier states of others"
    )
    if args.prune:
        console.note(f"removed what was before {before:%Y-%m-%d}: {said}")
    else:
        console.note(f"before {before:%Y-%m-%d}: {said}; --prune removes them")


def summary(scan: PastScan) -> str:
    """Say in one line what a scan changed."""
    said = [f"{scan.changes[name]} {word}" for name, word in _COUNTED if scan.changes.get(name)]
    return ", ".join(said) or "no failures, now or before"


def _rendered(trends: Sequence[Trend], args: argparse.Namespace) -> bytes:
    suffix = args.output.suffix.lstrip(".") if args.output is not None else ""
    chosen = args.format or (suffix if suffix in _FORMATS else "text")
    if chosen == "html":
        from mlsec.render.trend.page import render_trend

        return render_trend(trends)
    if chosen == "json":
        import msgspec

        from mlsec.render.display import masked

        document = {"schema": _SCHEMA, "series": trends}
        encoded = msgspec.json.encode(document, order="deterministic")
        return masked(msgspec.json.format(encoded, indent=1)) + b"\n"
    lines = _open_lines(trends) if args.open else _trend_lines(trends)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _trend_lines(trends: Sequence[Trend]) -> Iterator[str]:
    from mlsec.render.trend.text import trend_lines

    for place, trend in enumerate(trends):
        if place:
            yield ""
        yield from trend_lines(trend)


def _open_lines(trends: Sequence[Trend]) -> Iterator[str]:
    """List what is open in all series together, the worst first and then the oldest."""
    from mlsec.render.trend.text import open_line

    failures = [failure for trend in trends for failure in trend.open]
    failures.sort(key=lambda failure: (failure.finding.severity.rank, failure.open_since))
    for failure in failures:
        yield open_line(failure)
    yield "1 failure is open" if len(failures) == 1 else f"{len(failures):,} failures are open"
