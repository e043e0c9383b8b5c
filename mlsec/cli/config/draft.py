"""The text of a new mlsec.yaml and of the files that scan on a schedule."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from mlsec.cli.config.detect import Detected
from mlsec.cli.config.find import NAME
from mlsec.cli.config.schedules import CLOUDS, github_schedule, gitlab_schedule

SCHEMA_FILE = "mlsec.schema.json"
_HEAD = """\
# Settings of mlsec. Every long option of mlsec scan is a key here, and the command line and the
# variables MLSEC_FAIL_ON and so on go first. Paths are relative to this file.
#   mlsec scan --print-config     every option with its value and where it came from
"""
_MORE = """\
# How strict: essential, recommended or strict.
# profile: recommended
# Folder for the reports, and the file that remembers past scans (mlsec history shows it).
# output: mlsec-reports
# history: mlsec-history.db
# Accepted exceptions, each with an owner and an end; only what is new fails against a baseline.
# waivers: waivers.yaml
# baseline: last/assessment.json
# One framework only, and rules to leave out.
# framework: nist-800-53
# select: ["!s3/*"]
"""
_CRON = """\
# Every night; add it with: crontab {file}
17 3 * * * cd {folder} && {command} -o mlsec-reports --history mlsec-history.db
"""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a new mlsec.yaml is to say; ``chosen`` targets take the place of the folders."""

    found: Detected
    chosen: tuple[str, ...] = ()
    fail_on: str = "high"
    has_schema: bool = False

    def folders(self) -> tuple[str, ...]:
        """Name what is scanned without an environment."""
        if self.chosen:
            return self.chosen
        return (".",) if "." in self.found.folders else tuple(self.found.folders) or (".",)

    def text(self) -> str:
        """Give the whole file."""
        return "\n".join(self._lines()) + "\n"

    def command(self, environment: str = "") -> str:
        """Give the command that scans; the file is named, because it may lie in what is scanned."""
        more = f" --environment {environment}" if environment else ""
        return f"mlsec scan --config {NAME}{more}"

    def _lines(self) -> Iterator[str]:
        if self.has_schema:
            yield f"# yaml-language-server: $schema=./{SCHEMA_FILE}"
        yield _HEAD
        yield "# What is scanned: folders, files, buckets, servers, aws, azure, gcp, kubernetes."
        yield "targets:"
        for folder in self.folders():
            kind = self.found.folders.get(folder, "")
            yield f"  - {json.dumps(folder, ensure_ascii=False)}{f'  # {kind}' if kind else ''}"
        yield ""
        yield "# A finding of this severity or a higher one ends the scan with exit code 10."
        yield f"fail-on: {self.fail_on}"
        yield ""
        yield _MORE
        yield from _environments(self.found.live)


def _environments(live: Mapping[str, str]) -> Iterator[str]:
    yield "# Sets of the same keys for --environment NAME; what they set goes first."
    if not live:
        yield "# environments:"
        yield "#   production:"
        yield "#     targets: [aws]"
    else:
        yield "environments:"
    for target, name in live.items():
        yield f"  {name}:"
        yield f"    targets: [{json.dumps(target)}]"


def schedule_of(where: str, draft: Draft) -> tuple[Path, str]:
    """Give the path and the text of a schedule for github, gitlab or cron."""
    live = {name: target for target, name in draft.found.live.items()}
    clouds = {cloud: live[cloud] for cloud in CLOUDS if cloud in live}
    match where:
        case "github":
            return Path(".github/workflows/mlsec.yml"), github_schedule(draft.folders(), clouds)
        case "gitlab":
            return Path(".gitlab/mlsec.yml"), gitlab_schedule(draft.folders(), clouds)
    # cron has no PATH to find mlsec by, and takes a bare % for the end of the line.
    mlsec = f"{shlex.quote(sys.executable)} -I -m {draft.command()}"
    words = (shlex.quote(str(Path.cwd())), mlsec)
    folder, command = (word.replace("%", "\\%") for word in words)
    return Path("mlsec.cron"), _CRON.format(file="mlsec.cron", folder=folder, command=command)
