"""The fleet's commands that ask and change the ledger: each says what it did in a sentence."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from mlsec.cli import console, exits
from mlsec.cli.fleet_status import status
from mlsec.cli.fleet_words import counted
from mlsec.core.errors import MlsecError
from mlsec.fleet.access import chosen_scan, clear_errors, database_url, opened_ledger


def init(args: argparse.Namespace) -> int:
    """Make or renew the tables of ledger, queue and history, the views, and the roles."""
    from mlsec.fleet.config import read_config
    from mlsec.fleet.database import connect, migrate, version_of
    from mlsec.fleet.engines.procrastinate import SCHEMA, ProcrastinateEngine
    from mlsec.fleet.roles import make_roles, set_owners
    from mlsec.fleet.views import make_views
    from mlsec.history.store import History

    config = read_config(args.config) if args.config else None
    url = config.database_url if config and not args.database else database_url(args.database)
    with clear_errors(url), connect(url) as connection:
        before = migrate(connection)
        after = version_of(connection)
        ProcrastinateEngine(url).prepare()
        with History(url, is_new_allowed=True):
            pass
        make_views(connection)
        if args.roles:
            make_roles(connection, SCHEMA)
            console.note("the roles mlsec_planner, mlsec_worker, mlsec_reader and mlsec_team are"
                         " there: GRANT one of them TO a login")  # fmt: skip
        if config is not None and args.roles:
            scopes = {owner.name: owner.scopes for owner in config.owners}
            set_owners(connection, scopes, {owner.name: owner.logins for owner in config.owners})
            console.note(f"{counted(len(config.owners), 'owner')} set")
    was = f"renewed from version {before}" if before and before < after else "made"
    said = "is up to date" if before >= after else f"was {was}"
    console.note(f"{url}: the ledger {said} (version {after})")
    return exits.CLEAN


def retry(args: argparse.Namespace) -> int:
    """Let units wait again; those of a scan that was done are judged again as well."""
    from mlsec.fleet.scans import retry as try_again
    from mlsec.fleet.units import ErrorClass

    url = database_url(args.database)
    with opened_ledger(url) as ledger:
        scan = chosen_scan(ledger, args.organisation, args.scan)
        chosen = ErrorClass(args.error_class) if args.error_class else None
        units = try_again(ledger, scan.id, chosen)
    if not units:
        kind = f" of class {args.error_class}" if args.error_class else ""
        console.note(f"scan {scan.id} has no unit{kind} to try again")
        return exits.CLEAN
    console.note(f"scan {scan.id}: {counted(units, 'unit')} will be tried again")
    console.note("mlsec fleet run CONFIG drives it to its reports, where none runs")
    return exits.CLEAN


def cancel(args: argparse.Namespace) -> int:
    """Cancel the scan that runs."""
    from mlsec.fleet.scans import cancel as end

    url = database_url(args.database)
    with opened_ledger(url) as ledger:
        scan = chosen_scan(ledger, args.organisation, args.scan)
        if not end(ledger, scan.id):
            raise MlsecError(
                f"scan {scan.id} of {scan.organisation} does not run: it is {scan.state}",
                hint="mlsec fleet status shows the newest scan",
            )
    console.note(f"scan {scan.id} of {scan.organisation} is cancelled; what runs ends by itself")
    return exits.CLEAN


def gc(args: argparse.Namespace) -> int:
    """Say what is old in the store and the ledger, and remove it where that is asked for."""
    from mlsec.fleet.config import read_config
    from mlsec.fleet.removal import find_removal, remove
    from mlsec.fleet.store import open_store

    config = read_config(args.config)
    store = open_store(config)
    with opened_ledger(config.database_url) as ledger:
        removal = find_removal(ledger, store, config.organisation, args.keep)
        if args.prune:
            remove(ledger, store, removal)
    said = (
        f"{counted(len(removal.scans), 'scan')} that ended more than {args.keep} days ago with"
        f" {counted(len(removal.objects), 'object')}, and"
        f" {counted(len(removal.leftovers), 'object')} of attempts that did not count"
    )
    console.note(f"removed {said}" if args.prune else f"{said}; --prune removes them")
    if removal.unknown:
        console.note(f"{counted(removal.unknown, 'object')} of the store are of no scan in this"
                     " ledger, and stay")  # fmt: skip
    return exits.CLEAN


def unit(args: argparse.Namespace) -> int:
    """Be the process of one unit; the exit code is for its worker alone."""
    from mlsec.fleet.child import main
    from mlsec.fleet.tasks.run import run_task

    del args
    return main(run_task)


def plan(args: argparse.Namespace) -> int:
    """Say what a scan would cost."""
    from mlsec.cli.fleet_plan import plan as say

    return say(args)


def run(args: argparse.Namespace) -> int:
    """Drive a scan to its reports."""
    from mlsec.cli.fleet_run import run as drive

    return drive(args)


def judge(args: argparse.Namespace) -> int:
    """Judge an ended scan again."""
    from mlsec.cli.fleet_run import judge as again

    return again(args)


def worker(args: argparse.Namespace) -> int:
    """Collect until asked to stop."""
    from mlsec.cli.fleet_run import worker as serve

    return serve(args)


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "init": init,
    "plan": plan,
    "run": run,
    "worker": worker,
    "status": status,
    "retry": retry,
    "cancel": cancel,
    "judge": judge,
    "gc": gc,
    "unit": unit,
}
