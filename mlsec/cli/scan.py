"""``mlsec scan``: collect or open evidence, judge it, show it, and say by the exit code."""

from __future__ import annotations

import argparse
import shlex
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlsec.cli import console, exits, options
from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlsec.core.assessment import Assessment
    from mlsec.engine.rules.rule import RuleSet
    from mlsec.pipeline import Judging

EVIDENCE = "evidence.mlsnap"


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "scan",
        help="scan accounts and model files, or judge saved evidence",
        description="TARGET is aws[://account/region,...], azure[://subscription,...],"
        " gcp[://project,...], kubernetes[://context[/namespace,...]], a folder of model files and"
        " code, s3://, gs:// or az:// and bucket/folder, https://host:port or http://host:port (a"
        " running server: it alone is asked, read-only and without credentials), or a snapshot."
        " Several are one scan.",
        epilog="Exit codes: 0 clean, 10 findings, 11 incomplete, 2 bad input, 1 a crash of ours.",
    )
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="write the reports there")
    names = "html, sarif, sarif-full, json, markdown, text, cyclonedx, gitlab, gitlab-sast"
    parser.add_argument("-f", "--format", default="", metavar="FORMAT,...", help=names)
    parser.add_argument("--sarif-inventory", default="", metavar="PATH",
                        help="where mlsec-inventory.txt lies in the repository")  # fmt: skip
    parser.add_argument("--history", type=Path, metavar="FILE",
                        help="record the scan there and say what it changed")  # fmt: skip
    parser.add_argument("--offline", action="store_true", help="open no socket at all")
    options.add_judging(parser)
    options.add_collecting(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Scan; the report goes to stdout or into a folder, the verdict into the exit code."""
    with _reading_ahead(args):
        return _scan(args)


def _reading_ahead(args: argparse.Namespace) -> AbstractContextManager[None]:
    """Let the process that reads the files of a folder start while the rules are loaded."""
    if not any(
        Path(target).exists() and not options.is_evidence(target) for target in args.targets
    ):
        return nullcontext()
    from mlsec.artifacts.sandbox.ahead import process_ahead

    return process_ahead()


def _scan(args: argparse.Namespace) -> int:
    from mlsec import pipeline
    from mlsec.model_files.evidence import empty_targets

    if any(options.is_remote(target) for target in args.targets):
        from mlsec.cli.memory import use_few_arenas

        use_few_arenas()
    _check_targets(args)
    judging = options.judging_of(args, _command(args))
    baseline = _read_beforehand(args)
    ruleset = pipeline.load(judging)
    progress = console.Progress()
    try:
        with _evidence(args, ruleset, progress) as path, pipeline.open_evidence(path) as snapshot:
            empty = empty_targets(snapshot)
            assessment = pipeline.judge(snapshot, ruleset, judging, progress)
    finally:
        progress.close()
    if baseline is not None:
        from mlsec.history.diff import mark_changes

        assessment = mark_changes(baseline, assessment)
    code = _show(args, judging, assessment)
    for target in empty:
        console.note(f"{target}: there is no file in it, so there is nothing to judge")
    if empty and code == exits.CLEAN and judging.min_coverage_percent > 0:
        console.note("incomplete: a target holds nothing (exit 11; --min-coverage 0 accepts that)")
        code = exits.INCOMPLETE
    if args.history is not None:
        _record(args.history, assessment)
    return code


def _record(path: Path, assessment: Assessment) -> None:
    from mlsec.cli.history import summary
    from mlsec.history.store import History

    with History(path, is_new_allowed=True) as history:
        recorded = history.record(assessment)
    if recorded is None:
        console.note(f"history: this scan is in {path} already")
    else:
        console.note(f"history: {summary(recorded)} (scan {recorded.id} in {path})")


def _check_targets(args: argparse.Namespace) -> None:
    for target in args.targets:
        options.check_target(target)
    saved = [target for target in args.targets if options.is_evidence(target)]
    remote = [target for target in args.targets if options.is_remote(target)]
    if remote and args.offline:
        raise MlsecError("--offline asks nobody", hint=f"leave out {remote[0]}")
    if saved and len(args.targets) > 1:
        raise MlsecError("give targets to read, or one snapshot", hint="scan them one by one")
    folders = [one for one in args.targets if one not in saved and one not in remote]
    if (args.others or args.checkov_json) and not folders:
        raise MlsecError("checkov reads folders", hint="give the folder of the code")
    if args.resume and (saved or not args.output):
        raise MlsecError("--resume needs the targets and the -o of the interrupted scan")


@contextmanager
def _evidence(
    args: argparse.Namespace, ruleset: RuleSet, progress: console.Progress
) -> Iterator[Path]:
    """Give the path of the evidence; a live collection keeps it beside the reports."""
    from mlsec import pipeline

    if options.is_evidence(args.targets[0]):
        yield Path(args.targets[0])
        return
    settings = options.collect_settings(args, ruleset.vocabulary)
    if args.output is not None:
        import msgspec

        from mlsec.cli.report import written_files

        settings = msgspec.structs.replace(
            settings, written=written_files(args.output, args.format)
        )
    with TemporaryDirectory(prefix="mlsec-") as scratch:
        path = (args.output or Path(scratch)) / EVIDENCE
        try:
            pipeline.collect(tuple(args.targets), path, settings, resume=args.resume, say=progress)
        except KeyboardInterrupt:
            hint = "what was answered is kept; go on with --resume" if args.output else ""
            raise KeyboardInterrupt(hint) from None
        if any(options.is_remote(target) for target in args.targets):
            from mlsec.cli.memory import give_back

            # An SDK's clients refer to each other in circles; judging wants the room they take.
            give_back()
        yield path


def _read_beforehand(args: argparse.Namespace) -> Assessment | None:
    """Refuse a bad format, waivers, history or baseline before a long collection.

    Returns:
        The baseline.
    """
    from mlsec.cli.files import load_assessment
    from mlsec.cli.report import formats_of
    from mlsec.engine.waivers.waivers import load_waivers

    formats_of(args.format, is_folder=args.output is not None)
    if args.waivers is not None:
        load_waivers(args.waivers)
    if args.history is not None:
        from mlsec.history.database import check_history

        check_history(args.history)
    return load_assessment(args.baseline) if args.baseline is not None else None


def _incomplete(assessment: Assessment, percent: float) -> str:
    found = sum(row.enumerated for row in assessment.coverage)
    if found and found == sum(row.excluded for row in assessment.coverage):
        return (
            f"nothing to judge: none of the {found:,} things found there is a model file or part"
            " of one (exit 11; --min-coverage 0 accepts that)"
        )
    return f"incomplete: {percent:.1f}% of the checks could be assessed (exit 11)"


def _show(args: argparse.Namespace, judging: Judging, assessment: Assessment) -> int:
    from mlsec.cli.report import show
    from mlsec.engine.assessment.gate import Gate, assessed_percent, gate

    written = show(assessment, args.output, args.format, args.sarif_inventory)
    if written:
        show(assessment, None, "text", "", brief=True)
        console.note("")
        for path in written:
            console.note(f"wrote {path}")
    verdict = gate(assessment, judging.fail_on, judging.min_coverage_percent)
    match verdict:
        case Gate.CLEAN:
            return exits.CLEAN
        case Gate.FINDINGS:
            return exits.FINDINGS
        case Gate.INCOMPLETE:
            percent = assessed_percent(assessment)
            console.note(_incomplete(assessment, percent))
            return exits.INCOMPLETE


def _command(args: argparse.Namespace) -> str:
    """The command line as the report shows it: without where the reports go."""
    words = ["mlsec", "scan", *args.targets]
    for name in (
        "select",
        "rules",
        "params",
        "waivers",
        "baseline",
        "changed_since",
        "fail_on",
        "min_coverage",
    ):
        value = getattr(args, name)
        for each in value if isinstance(value, list) else [value]:
            if each not in (None, "", "high", 100.0):
                words += [f"--{name.replace('_', '-')}", f"{each}"]
    return shlex.join(words)
