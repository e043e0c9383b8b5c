"""What each option applies to: one table for the help, the refusals and the CLI reference."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping

import msgspec

from mlsec.cli.output_options import OUTPUT_OPTIONS
from mlsec.core.errors import UsageError

LIVE = ("aws", "azure", "gcp", "kubernetes")
BUCKETS = ("s3", "gs", "az")
PATHS = ("folder", "file")
TARGETS = (*LIVE, *BUCKETS, "https", *PATHS, "snapshot")


class Applies(msgspec.Struct, frozen=True, kw_only=True):
    """What an option applies to; empty fields say nothing.

    ``to`` are the kinds of target (or of what ``of`` names) that use it: with several targets it is
    enough that one does. ``needs`` are options of which at least one must be given as well,
    ``excludes`` those that must not be.
    """

    to: tuple[str, ...] = ()
    of: str = "target"
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


_ANY = Applies()
_COLLECTING = {
    "--aws-profile": Applies(to=("aws", "s3")),
    "--role-arn": Applies(to=("aws",)),
    "--external-id": Applies(to=("aws",), needs=("--role-arn", "--organisation")),
    "--organisation": Applies(to=("aws", "azure", "gcp")),
    "--in-flight": Applies(to=LIVE),
    "--max-rps": Applies(to=LIVE),
    "--tries": Applies(to=(*LIVE, "s3", "az")),
    "--deadline": Applies(to=(*LIVE, "https")),
    "--configmaps": Applies(to=("kubernetes",)),
    "--probe-private": Applies(to=("https",)),
    "--no-cache": Applies(to=BUCKETS),
    "--trust": Applies(to=(*BUCKETS, "folder")),
    "--digests": Applies(to=PATHS),
    "--require-sandbox": Applies(to=(*BUCKETS, *PATHS)),
    "--exclude": Applies(to=("folder",)),
    "--with": Applies(to=PATHS, excludes=("--checkov-json",)),
    "--checkov": Applies(to=PATHS, needs=("--with",)),
    "--checkov-json": Applies(to=PATHS),
}
_CONFIGURATION = {"--config": _ANY, "--environment": _ANY, "--print-config": _ANY}
_RESUMABLE = (*LIVE, *BUCKETS, "https", *PATHS)
_SARIF = Applies(of="format", to=("sarif", "sarif-full", "gitlab", "gitlab-sast"))
_TEXT = Applies(of="format", to=("text",))
_VIEW = {"--severity": _TEXT, "--concern": _TEXT, "--provider": _TEXT}
_SHEET = Applies(of="format", to=("sheet", "csv", "oscal"))
_LINKED = Applies(of="format", to=("sarif", "sarif-full"))
_ROWS: Mapping[str, Mapping[str, Applies]] = {
    "mlsec scan": {
        **_COLLECTING,
        "--resume": Applies(to=_RESUMABLE, needs=("--output",)),
        **_CONFIGURATION,
        **_VIEW,
        "--evidence": _ANY,
        "--output": _ANY,
        "--format": _ANY,
        "--framework": _ANY,
        "--sarif-inventory": _SARIF,
        "--help-base": _LINKED,
        "--history": Applies(excludes=("--changed-since",)),
        "--notify": Applies(needs=("--history",)),
        "--notify-severity": Applies(needs=("--notify",)),
        "--notify-link": Applies(needs=("--notify",)),
        "--notify-dry-run": Applies(needs=("--notify",)),
        "--offline": Applies(to=(*PATHS, "snapshot")),
        "--rules": _ANY,
        "--profile": _ANY,
        "--select": _ANY,
        "--params": _ANY,
        "--waivers": _ANY,
        "--baseline": _ANY,
        "--changed-since": Applies(to=PATHS),
        "--unfold": Applies(to=(*PATHS, "snapshot")),
        "--fail-on": _ANY,
        "--min-coverage": _ANY,
        "--now": _ANY,
    },
    "mlsec collect": {
        **_COLLECTING,
        **_CONFIGURATION,
        "--resume": Applies(to=_RESUMABLE),
        "--output": _ANY,
        "--sign-key": _ANY,
    },
    "mlsec report": {
        **_VIEW,
        "--output": _ANY,
        "--format": _ANY,
        "--framework": _SHEET,
        "--sarif-inventory": _SARIF,
        "--help-base": _LINKED,
    },
    "mlsec sign": {
        "--key": _ANY,
        "--password-env": _ANY,
        "--certificate": _ANY,
        "--chain": Applies(needs=("--certificate",)),
        "--output": _ANY,
        "--timestamp-url": _ANY,
        "--ignore": Applies(of="model", to=("folder",)),
        "--hash": _ANY,
        "--shards": _ANY,
    },
    "mlsec doctor": {
        "--policy": _ANY,
        "--output": Applies(needs=("--policy",)),
        "--organisation": Applies(of="policy", to=("aws", "azure", "gcp"), needs=("--policy",)),
        "--configmaps": Applies(of="policy", to=("kubernetes",), needs=("--policy",)),
    },
}
# A command that is not listed takes each of its options in every case.
APPLIES: Mapping[str, Mapping[str, Applies]] = {
    command: {**rows, **dict.fromkeys(OUTPUT_OPTIONS, _ANY)} for command, rows in _ROWS.items()
}


def describe(parser: argparse.ArgumentParser) -> None:
    """Add to the help of each option what it applies to."""
    rows = APPLIES[parser.prog]
    for action in parser._actions:
        for option in action.option_strings:
            text = limits_of(rows.get(option, _ANY))
            if text:
                action.help = f"{action.help or ''} [{text}]"


def limits_of(row: Applies) -> str:
    """Say what limits the use of an option, "" when nothing does."""
    parts = [", ".join(row.to)]
    if row.needs:
        parts.append(f"needs {' or '.join(row.needs)}")
    if row.excludes:
        parts.append(f"not with {' or '.join(row.excludes)}")
    return "; ".join(part for part in parts if part)


def check_options(
    command: str,
    given: Collection[str],
    subjects: Mapping[str, Mapping[str, str]],
    configured: Collection[str] = (),
) -> None:
    """Refuse the first option that does not apply, rather than ignoring it.

    Args:
        command: the name of the parser, such as ``mlsec scan``.
        given: the options that stood on the command line.
        subjects: for each thing that rows speak of ("target", "format"), name to kind.
        configured: the options that a variable or mlsec.yaml set.

    Raises:
        UsageError: names the option, what it was used with and what it applies to.
    """
    for option in sorted(given):
        problem = problem_with(command, option, {*given, *configured}, subjects)
        if problem:
            raise UsageError(problem, location=command, hint=f"leave it out, see {command} --help")


def problem_with(
    command: str,
    option: str,
    given: Collection[str],
    subjects: Mapping[str, Mapping[str, str]],
) -> str:
    """Say why an option cannot be used in a command line, "" where it can."""
    row = APPLIES[command].get(option, _ANY)
    missing = row.needs if row.needs and not any(name in given for name in row.needs) else ()
    excluded = [name for name in row.excludes if name in given]
    if missing:
        return f"{option} needs {' or '.join(missing)} as well"
    if excluded:
        return f"{option} cannot be used together with {excluded[0]}"
    kinds = subjects.get(row.of, {})
    if row.to and not any(kind in row.to for kind in kinds.values()):
        shown = ", ".join(_shown(name, kind) for name, kind in kinds.items())
        applies = f"it applies to: {', '.join(row.to)}"
        what = row.of if len(kinds) == 1 else f"{row.of}s"
        return f"{option} does not apply to the {what} {shown}; {applies}"
    return ""


def needs_of(command: str, option: str) -> tuple[str, ...]:
    """Give the options of which an option needs one."""
    return APPLIES[command].get(option, _ANY).needs


def rivals_of(command: str, option: str) -> frozenset[str]:
    """Give the options that cannot be used together with an option, whichever of them says so."""
    rows = APPLIES[command]
    return frozenset(rows.get(option, _ANY).excludes) | {
        name for name, row in rows.items() if option in row.excludes
    }


def _shown(name: str, kind: str) -> str:
    return name if name.partition("://")[0] == kind else f'"{name}" (a {kind})'
