"""Judges the evidence of a report again, and compares with what the report says, byte by byte."""

from __future__ import annotations

import argparse
import datetime
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlsec.core.assessment import Assessment, JudgedBy
    from mlsec.core.enums import Profile
    from mlsec.engine.model.rule import RuleSet
    from mlsec.pipeline import Judging
    from mlsec.snapshot.store import Snapshot


_SHOWN = 50


class NotRepeatableError(Exception):
    """What a report was made from is not all there; the text says what is missing."""


def judge_again(
    recorded: Assessment, snapshot: Snapshot, args: argparse.Namespace
) -> tuple[Assessment, list[str]]:
    """Judge the evidence as the recorded assessment says it was judged.

    The command line, which decides nothing, is taken over, and so is what a history said.

    Returns:
        The assessment that the evidence gives, and by what it was judged.

    Raises:
        NotRepeatableError: another version, other rules, or a file that was not given.
        MlsecError: a given file is another than the one that was used.
    """
    from mlsec import pipeline
    from mlsec.cli import console
    from mlsec.engine.assessment.gate import with_gate
    from mlsec.engine.rules.params import apply_overrides
    from mlsec.history.diff import mark_changes
    from mlsec.history.marking import take_over
    from mlsec.model_files.evidence import read_listings

    judging, judged_by = _judging(recorded, args)
    usual = pipeline.load(judging)
    _check_tools(recorded, usual)
    ruleset = apply_overrides(usual, recorded_parameters(recorded, usual))
    progress = console.Progress()
    try:
        again = pipeline.judge(snapshot, ruleset, judging, progress)
    finally:
        progress.close()
    if judged_by.baseline:
        from mlsec.cli.files import load_assessment

        again = mark_changes(load_assessment(args.baseline), again)
    again = take_over(recorded, again)
    empty = [listing.target for listing in read_listings(snapshot) if listing.is_empty]
    return with_gate(again, empty), settings_of(recorded, ruleset)


def check_assessment(recorded: bytes, again: Assessment, location: str) -> None:
    """Check that an assessment.json is the one that its evidence gives.

    Raises:
        MlsecError: it is not; the message says where they differ.
    """
    import json

    from mlsec.render.assessment_json import render_json
    from mlsec.render.document_differences import differences

    expected = b"".join(render_json(again))
    if recorded == expected:
        return
    lines = differences(json.loads(recorded), json.loads(expected))
    said = "; ".join(lines) or "the same values in other bytes"
    raise MlsecError(
        f"the assessment is not what its evidence gives: {said}",
        hint="it was changed after it was made; make it again: mlsec scan EVIDENCE",
        location=location,
    )


def unlike_reports(
    again: Assessment, digests: Mapping[str, str], args: argparse.Namespace
) -> tuple[list[str], list[str]]:
    """Render the listed reports again.

    Returns:
        The names of those that are equal, and of those that are not.
    """
    from mlsec.render.formats import FORMATS
    from mlsec.render.help_links import HELP_BASE
    from mlsec.render.settings import INVENTORY_FILE, RenderSettings
    from mlsec.render.write import files_of

    settings = RenderSettings(
        sarif_inventory=args.sarif_inventory or INVENTORY_FILE,
        help_base=args.help_base or HELP_BASE,
        framework=args.framework,
    )
    equal, unlike = dict[str, None](), dict[str, None]()
    for each_format in FORMATS.values():
        if each_format.file_name not in digests:
            continue
        for name, chunks in files_of(each_format, again, settings):
            digest = hashlib.sha256()
            for chunk in chunks:
                digest.update(chunk)
            if name in digests:
                (equal if digest.hexdigest() == digests[name] else unlike)[name] = None
    return sorted(equal), sorted(unlike)


def recorded_parameters(recorded: Assessment, ruleset: RuleSet) -> Mapping[str, Mapping[str, Any]]:
    """Give the parameters that the assessment was made with and that are not the rules' own.

    Raises:
        MlsecError: a rule or parameter that there is not, or a value that it does not allow.
    """
    import json

    from mlsec.core.strict_yaml import parse
    from mlsec.engine.rules.params import parameter_values, read_overrides

    usual = json.loads(json.dumps(parameter_values(ruleset)))
    values: dict[str, dict[str, Any]] = {}
    for name, value in recorded.scan.parameters.items():
        if name not in usual or usual[name] != value:
            rule, _, parameter = name.rpartition(".")
            values.setdefault(rule, {})[parameter] = value
    return read_overrides(parse(json.dumps(values), "the parameters of the assessment"), ruleset)


def settings_of(recorded: Assessment, ruleset: RuleSet) -> list[str]:
    """Say by what it was judged, which whoever makes an assessment chooses; a line each."""
    from mlsec.core.sanitize import visible
    from mlsec.engine.rules.params import changed_parameters

    judged_by, scan = recorded.scan.judged_by, recorded.scan
    rules = f"{recorded.tool.rules_count:,} rules ({recorded.tool.rules_digest[:12]})"
    gate = f"fails on {scan.fail_on}, at least {scan.min_coverage_percent:g}% assessed"
    lines = [f"{rules}, {gate}"]
    pairs = {
        "framework": judged_by.framework,
        "profile": judged_by.profile,
        "assessed as of": judged_by.now,
        "waivers": judged_by.waivers[:12],
        "baseline": judged_by.baseline[:12],
    }
    lines += [f"{name} {visible(value, 80)}" for name, value in pairs.items() if value]
    lines += [f"selected by {visible(glob, 200)}" for glob in judged_by.select[:_SHOWN]]
    changed = changed_parameters(ruleset).items()
    lines += [
        f"{name} is {visible(str(value), 200)}, not {visible(str(usual), 200)}"
        for name, (value, usual) in changed
    ]
    more = len(judged_by.select) - _SHOWN
    return [*lines, f"and {more:,} more selections"] if more > 0 else lines


def _judging(recorded: Assessment, args: argparse.Namespace) -> tuple[Judging, JudgedBy]:

    from mlsec.pipeline import Judging

    scan = recorded.scan
    judged_by = scan.judged_by
    if recorded.limit is not None:
        raise NotRepeatableError("it shows only what changed in a repository since a revision")
    _check_gate(scan.fail_on, scan.min_coverage_percent)
    _check_file("waivers", judged_by.waivers, args.waivers)
    _check_file("baseline", judged_by.baseline, args.baseline)
    judging = Judging(
        rules=tuple(args.rules),
        select=judged_by.select,
        framework=judged_by.framework,
        profile=_profile(judged_by.profile),
        waivers=args.waivers if judged_by.waivers else None,
        now=_moment(judged_by.now),
        command=scan.command,
        fail_on=scan.fail_on,
        min_coverage_percent=scan.min_coverage_percent,
        baseline_digest=judged_by.baseline,
    )
    return judging, judged_by


def _profile(name: str) -> Profile | None:
    from mlsec.core.enums import Profile

    if name not in ("", *(profile.value for profile in Profile)):
        raise _no_setting("profile", name)
    return Profile(name) if name else None


def _moment(text: str) -> datetime.datetime | None:
    from mlsec.cli.values import moment

    try:
        return moment(text) if text else None
    except argparse.ArgumentTypeError:
        raise _no_setting("now", text) from None


def _check_gate(fail_on: str, min_coverage_percent: float) -> None:
    from mlsec.cli.assess_options import SEVERITIES

    if fail_on not in SEVERITIES:
        raise _no_setting("fail_on", fail_on)
    if not 0 <= min_coverage_percent <= 100:
        raise _no_setting("min_coverage_percent", str(min_coverage_percent))


def _no_setting(name: str, value: str) -> MlsecError:
    from mlsec.core.sanitize import visible

    return MlsecError(f'the assessment was not made with {name} "{visible(value, 60)}"')


def _check_file(name: str, digest: str, path: Path | None) -> None:
    from mlsec.cli.files import assessment_file, digest_of_file

    if not digest:
        if path is not None:
            raise MlsecError(f"it was made without {name}", location=str(path))
        return
    if path is None:
        raise NotRepeatableError(f"it was made with {name} (SHA-256 {digest}): give --{name} FILE")
    actual = digest_of_file(assessment_file(path) if name == "baseline" else path)
    if actual != digest:
        raise MlsecError(
            f"the {name} are others than those it was made with: SHA-256 {actual}, not {digest}",
            location=str(path),
        )


def _check_tools(recorded: Assessment, ruleset: RuleSet) -> None:
    from mlsec import __version__

    tool: Any = recorded.tool
    if tool.version != __version__:
        raise NotRepeatableError(
            f"it was made by mlsec {tool.version}, and this is mlsec {__version__}"
        )
    pairs = (
        ("rules", tool.rules_digest, ruleset.digest),
        ("vocabulary", tool.vocabulary_digest, ruleset.vocabulary.digest),
    )
    for name, was, is_now in pairs:
        if was != is_now:
            raise NotRepeatableError(
                f"it was made with other {name} ({was[:12]}) than are here ({is_now[:12]});"
                " rules of your own are given with --rules"
            )
