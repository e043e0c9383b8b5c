"""The options of ``scan`` about the assessment and its reports, and their settings."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli.target import is_remote
from mlsec.cli.values import moment, percentage, site_address

if TYPE_CHECKING:
    from mlsec.pipeline import Judging
    from mlsec.render.settings import Sources, View
    from mlsec.repository.changes.change import Change

# The names of render.formats.FORMATS, which is loaded only when something is rendered.
FORMATS = (
    "html", "sarif", "sarif-full", "json", "text", "markdown", "sheet", "csv", "cyclonedx",
    "oscal", "gitlab", "gitlab-sast", "findings-csv", "xlsx", "junit", "ocsf", "asff",
    "openmetrics", "issues",
)  # fmt: skip
HELP_BASE_VARIABLE = "MLSEC_HELP_BASE"
PROFILES = ("essential", "recommended", "strict")
CONCERNS = ("infrastructure", "data", "monitoring", "deployment", "security")
PROVIDERS = ("aws", "azure", "gcp", "kubernetes", "serving", "probe", "files", "code")
# The names of repository.folders.classes.CLASSES, and all of them.
FOLDED = (
    "vendored", "tests", "examples", "documentation", "development", "archives", "notebooks",
    "copies", "compiled", "collections", "all",
)  # fmt: skip
SEVERITIES = ("critical", "high", "medium", "low", "info", "none")


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--rules": {
        "type": Path,
        "action": "append",
        "default": [],
        "metavar": "DIR",
        "help": "folder (or file) of your own rules, used beside the shipped ones; repeatable",
    },
    "--profile": {
        "choices": PROFILES,
        "default": "",
        "metavar": "PROFILE",
        "help": "how strict the rules are: essential (a way in, or the loss of data or of control),"
        " recommended (good practice in production as well), or strict (hardening that a policy"
        " asks for as well); rules of your own without an objective always run (default:"
        " recommended; with --framework strict)",
    },
    "--select": {
        "action": "append",
        "default": [],
        "metavar": "GLOB",
        "help": "run only the rules whose id matches, a whole id whatever the profile; with ! in"
        " front, leave these out; repeatable",
    },
    "--params": {
        "type": Path,
        "metavar": "FILE",
        "help": "values for the parameters of rules (YAML: {rule id: {parameter: value}})",
    },
    "--waivers": {
        "type": Path,
        "metavar": "FILE",
        "help": "accepted exceptions, each with an owner and an expiry date (YAML)",
    },
    "--baseline": {
        "type": Path,
        "metavar": "ASSESSMENT",
        "help": "let only failures count for --fail-on that are not in this earlier"
        " assessment.json",
    },
    "--changed-since": {
        "default": "",
        "metavar": "REV",
        "help": "report and count only findings that the changes since this git revision touch",
    },
    "--unfold": {
        "action": "append",
        "default": [],
        "choices": FOLDED,
        "metavar": "CLASS",
        "help": "count what is in folders of this class like everything else: vendored, tests,"
        " examples, documentation, development, archives, notebooks, copies, or all; repeatable"
        " (default: it is assessed, reported as folded, and fails nothing)",
    },
    "--fail-on": {
        "choices": SEVERITIES,
        "default": "high",
        "metavar": "SEVERITY",
        "help": "exit with 10 when there is a finding of this severity or a higher one: critical,"
        " high, medium, low, info, or none for never (default high)",
    },
    "--min-coverage": {
        "type": percentage,
        "default": 100.0,
        "metavar": "PCT",
        "help": "exit with 11 when fewer percent of the checks could be assessed (default 100)",
    },
    "--now": {
        "type": moment,
        "default": None,
        "metavar": "TIME",
        "help": "assess as of this time, such as 2026-11-24T12:00:00Z (default: when the evidence"
        " was collected)",
    },
}


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Add the options of an assessment."""
    group = parser.add_argument_group("assessment")
    for name, keywords in _OPTIONS.items():
        group.add_argument(name, **keywords)


def add_rendering(parser: argparse.ArgumentParser) -> None:
    """Add the options of reports."""
    parser.add_argument(
        "-f", "--format", default="", metavar="FORMAT,...",
        help=f"formats, separated by commas: {', '.join(FORMATS)} (default: text to stdout; html,"
        " sarif, json and markdown into a folder; with --framework csv, or sheet and csv too)",
    )  # fmt: skip
    add_contents(parser)
    add_view(parser)


def add_view(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose what the text report shows."""
    group = parser.add_argument_group(
        "what the text report shows",
        "What is left out is counted, and still decides the verdict and the exit code: --select"
        " chooses what is checked, --fail-on what fails.",
    )
    group.add_argument(
        "--severity", choices=SEVERITIES[:-1], default="info", metavar="SEVERITY",
        help="show findings of this severity or a higher one: critical, high, medium, low or info"
        " (default info: all)",
    )  # fmt: skip
    group.add_argument(
        "--concern", action="append", default=[], choices=CONCERNS, metavar="CONCERN",
        help=f"show findings of this concern: {', '.join(CONCERNS)}; repeatable",
    )  # fmt: skip
    group.add_argument(
        "--provider", action="append", default=[], choices=PROVIDERS, metavar="PROVIDER",
        help=f"show findings on what this provider has: {', '.join(PROVIDERS)}; repeatable",
    )  # fmt: skip


def view_of(args: argparse.Namespace, sources: Sources | None = None) -> View:
    """Turn options into the choice of what is shown; ``sources`` gives lines of scanned code."""
    from mlsec.core.enums import Severity
    from mlsec.render.settings import View

    return View(
        severity=Severity(args.severity),
        concerns=tuple(args.concern),
        providers=tuple(args.provider),
        sources=sources,
    )


def add_contents(parser: argparse.ArgumentParser) -> None:
    """Add the options that decide what is in a report, whatever its format."""
    parser.add_argument(
        "--framework", default="", metavar="NAME[:PROFILE]",
        help="show one framework, or the controls of one of its profiles, as a sheet to print"
        " (format sheet) and for a spreadsheet (format csv); a scan runs only the rules that link"
        " to it (default: every framework, and all rules)",
    )  # fmt: skip
    parser.add_argument(
        "--sarif-inventory", default="", metavar="PATH",
        help="path in the repository at which mlsec-inventory.txt is committed; findings without a"
        " file of their own point there (default: its root)",
    )  # fmt: skip
    parser.add_argument(
        "--help-base", type=site_address, default=os.environ.get(HELP_BASE_VARIABLE, ""),
        metavar="URL",
        help="address at which the documentation is published; rules link to their pages there"
        f" (default: the environment variable {HELP_BASE_VARIABLE})",
    )  # fmt: skip


def judging_of(args: argparse.Namespace, command: str) -> Judging:
    """Turn options into judging settings."""
    from mlsec.core.enums import Profile
    from mlsec.pipeline import Judging

    return Judging(
        rules=tuple(args.rules),
        select=tuple(args.select),
        params=args.params,
        waivers=args.waivers,
        now=args.now,
        command=command,
        fail_on=args.fail_on,
        min_coverage_percent=args.min_coverage,
        change=_change(args),
        baseline_digest=_baseline_digest(args),
        framework=args.framework,
        unfolded=tuple(args.unfold),
        profile=Profile(args.profile or ("strict" if args.framework else "recommended")),
    )


def _baseline_digest(args: argparse.Namespace) -> str:
    from mlsec.cli.files import assessment_file, digest_of_file

    return "" if args.baseline is None else digest_of_file(assessment_file(args.baseline))


def _change(args: argparse.Namespace) -> Change | None:
    """Find what changed, before a long collection."""
    if not args.changed_since:
        return None
    from mlsec.repository.changes.change import open_change

    folders = [target for target in args.targets if not is_remote(target)]
    return open_change(folders, args.changed_since)
