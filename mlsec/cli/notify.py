"""The options that say who hears of what is new, and the sending at the end of a scan."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mlsec.cli import console
from mlsec.cli.values import site_address

if TYPE_CHECKING:
    from mlsec.core.assessment import Assessment
    from mlsec.notify.ledger import Ledger

SEVERITIES = ("critical", "high", "medium", "low", "info")


def add_notifying(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group(
        "notifications", "Each receiver gets what is new once; only it is contacted."
    )
    group.add_argument(
        "--notify", action="append", default=[], metavar="URL",
        help="notify this receiver of new and regressed findings, in one message a run: a webhook"
        " (https://host/path, which gets JSON) or any service by its Apprise URL, such as slack://,"
        " msteams://, mailtos:// or pagerduty://; repeatable. Better kept in the variable"
        " MLSEC_NOTIFY than written on a command line",
    )  # fmt: skip
    group.add_argument(
        "--notify-severity", choices=SEVERITIES, default="high", metavar="SEVERITY",
        help="least severity to notify of: critical, high, medium, low or info (default high)",
    )  # fmt: skip
    group.add_argument("--notify-link", type=site_address, default="", metavar="URL",
                       help="address of the report, for the message (default: none)")  # fmt: skip
    group.add_argument("--notify-dry-run", action="store_true",
                       help="print the message, and send nothing")  # fmt: skip


def check_receivers(args: argparse.Namespace) -> None:
    """Refuse a receiver that could not be reached at the end, before anything is scanned.

    Raises:
        MlsecError: not an address, an unknown service, or Apprise is not installed.
    """
    if not args.notify:
        return
    from mlsec.notify.address import read_address
    from mlsec.notify.send import check_receiver

    for text in args.notify:
        check_receiver(read_address(text))


def begin_notifying(args: argparse.Namespace, assessment: Assessment) -> None:
    """Note that the receivers get what opens from now on; before the scan is recorded."""
    if not args.notify or args.notify_dry_run:
        return
    from mlsec.notify.address import read_address
    from mlsec.notify.ledger import Ledger

    with Ledger(args.history) as ledger:
        for text in args.notify:
            ledger.begin(read_address(text).key, assessment)


def notify(args: argparse.Namespace, assessment: Assessment) -> None:
    """Send each receiver what is new to it, in one message; all are tried before one is reported.

    Raises:
        MlsecError: a receiver could not be reached. The next run sends again.
    """
    if not args.notify:
        return
    from mlsec.core.errors import MlsecError
    from mlsec.notify.ledger import Ledger

    failed: MlsecError | None = None
    with Ledger(args.history) as ledger:
        for text in args.notify:
            try:
                _notify(args, text, assessment, ledger)
            except MlsecError as error:
                failed = failed or error
    if failed is not None:
        raise failed


def _notify(args: argparse.Namespace, text: str, assessment: Assessment, ledger: Ledger) -> None:
    from mlsec.core.enums import Severity
    from mlsec.notify.address import read_address
    from mlsec.notify.message import compose
    from mlsec.notify.send import send

    address = read_address(text)
    pending = ledger.pending(address.key, assessment, Severity(args.notify_severity))
    message = compose(assessment, pending.keys, args.notify_link, pending.earlier)
    if message is None:
        console.note(f"notify: nothing new for {address.shown}")
    elif args.notify_dry_run:
        console.note(f"notify: {address.shown} would get:\n{message.title}\n{message.body}")
    else:
        keys = [key for own in pending.keys.values() for key in own]
        with ledger.sending(address.key, assessment, keys):
            send(address, message)
        console.note(f"notify: sent {address.shown} {len(pending.keys):,} new findings")
