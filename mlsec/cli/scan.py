"""``mlsec scan``: collect or open evidence, judge it, show it, and say by the exit code."""

from __future__ import annotations

import argparse
import shlex
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlsec.cli import console, exits
from mlsec.cli.applicability import describe
from mlsec.cli.assess_options import add_judging, add_rendering, judging_of, view_of
from mlsec.cli.collect_options import add_collecting, check_targets, collect_settings, reading_ahead
from mlsec.cli.config.apply import configured, print_config
from mlsec.cli.config.options import add_configuration
from mlsec.cli.notify import add_notifying, begin_notifying, check_receivers, notify
from mlsec.cli.target import TARGET_HELP, doubts_about, is_remote, saved_evidence
from mlsec.cli.values import history_place
from mlsec.core.errors import MlsecError, NoRoomError, UsageError
from mlsec.core.sanitize import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlsec.core.assessment import Assessment
    from mlsec.engine.model.rule import RuleSet
    from mlsec.history.place import Place

EVIDENCE = "evidence.mlsnap"
# What few people need: whose rights are used, how fast is asked, and how the answer is shown.
_KEPT_BACK = (
    "--sarif-inventory", "--help-base", "--concern", "--provider", "--role-arn", "--external-id",
    "--severity", "--configmaps", "--probe-private", "--digests", "--no-cache",
    "--checkov", "--resume",
    "--in-flight", "--max-rps", "--tries", "--notify", "--notify-severity", "--notify-link",
    "--notify-dry-run", "--print-config", "--quiet", "--verbose", "--color",
)  # fmt: skip


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "scan",
        help="scan accounts, repositories and model files, or assess saved evidence",
        description="Collect evidence from the targets, assess it, and write reports."
        f" {TARGET_HELP} Saved evidence is a snapshot file (.mlsnap) or what --evidence names; it"
        " is assessed without network access. Several targets are one scan.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what to scan, see above")
    parser.add_argument(
        "--evidence", type=Path, metavar="SNAPSHOT",
        help="assess this saved evidence, a snapshot file or its readable form in a folder"
        " (default: evidence is collected from the targets)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR",
        help="folder for the reports and the evidence (default: one report, to stdout)",
    )  # fmt: skip
    add_rendering(parser)
    parser.add_argument(
        "--history", type=history_place, metavar="FILE",
        help="record the scan in this file, or in the PostgreSQL database of a URL"
        " (postgresql://host/name), and print what changed since the last one recorded",
    )  # fmt: skip
    parser.add_argument("--offline", action="store_true",
                        help="refuse every target that would need the network")  # fmt: skip
    add_judging(parser)
    add_collecting(parser)
    add_notifying(parser)
    add_configuration(parser)
    describe(parser)
    parser.keep_back(*_KEPT_BACK)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Scan; the report goes to stdout or into a folder, the verdict into the exit code."""
    args = configured(args)
    if args.print_config:
        return print_config(args)
    with reading_ahead(args):
        return _scan(args)


def _scan(args: argparse.Namespace) -> int:
    from mlsec import pipeline
    from mlsec.engine.assessment.gate import with_gate
    from mlsec.model_files.evidence import read_listings
    from mlsec.snapshot.evidence import open_evidence

    if any(is_remote(target) for target in args.targets):
        from mlsec.cli.memory import use_few_arenas

        use_few_arenas()
    _check_targets(args)
    judging = judging_of(args, _command(args))
    baseline = _read_beforehand(args)
    ruleset = pipeline.load(judging)
    progress = console.Progress()
    try:
        with _evidence(args, ruleset, progress) as path, open_evidence(path) as snapshot:
            progress.step("evidence was there")
            empty = [listing.target for listing in read_listings(snapshot) if listing.is_empty]
            assessment = pipeline.judge(snapshot, ruleset, judging, progress)
            progress.step("assessed")
    except MlsecError as error:
        saved = saved_evidence(args.targets, args.evidence)
        error.location = error.location or (str(saved) if saved else "")
        raise
    finally:
        progress.close()
    assessment, history_error = _compared(assessment, baseline, args.history)
    assessment = with_gate(assessment, empty)
    try:
        code = _show(args, assessment)
    except MlsecError as error:
        if args.output is not None and (args.output / EVIDENCE).is_file():
            error.hint += f"; the evidence is kept: mlsec scan {args.output / EVIDENCE}"
        raise
    if history_error is not None:
        raise history_error
    if args.history is not None:
        begin_notifying(args, assessment)
        _record(args.history, assessment)
        notify(args, assessment)
    return code


def _compared(
    assessment: Assessment, baseline: Assessment | None, history: Place | None
) -> tuple[Assessment, MlsecError | None]:
    """Write into the assessment what changed since the baseline, or since the last scan recorded.

    Returns:
        It, and why the history could not be read: the reports must not be lost with it.
    """
    from mlsec.history.database import has_begun
    from mlsec.history.diff import mark_changes
    from mlsec.history.since_last import mark_first
    from mlsec.history.store import History

    if baseline is not None:
        assessment = mark_changes(baseline, assessment)
    if history is None:
        return assessment, None
    try:
        if not has_begun(history):
            return mark_first(assessment), None
        with History(history) as opened:
            return opened.marked(assessment), None
    except MlsecError as error:
        return assessment, error


def _record(place: Place, assessment: Assessment) -> None:
    from mlsec.cli.history import summary
    from mlsec.history.store import History

    with History(place, is_new_allowed=True) as history:
        recorded = history.record(assessment)
    if recorded is None:
        console.note(f"history: this scan is in {place} already")
    else:
        console.note(f"history: {summary(recorded)} (scan {recorded.id} in {place})")


def _check_targets(args: argparse.Namespace) -> None:
    from mlsec.cli.report import check_folder, formats_of

    check_folder(args.output)
    formats = formats_of(args.format, is_folder=args.output is not None, framework=args.framework)
    saved_evidence(args.targets, args.evidence)
    # Beside a folder the beginning of the text report is printed as well.
    check_targets("mlsec scan", args, [*formats, *(["text"] if args.output else [])])
    remote = [target for target in args.targets if is_remote(target)]
    if remote and args.offline:
        raise UsageError(
            f"--offline allows no network access, and {remote[0]} needs it",
            hint=f"leave out {remote[0]}",
        )
    for doubt in doubts_about(args.targets):
        console.note(doubt)


@contextmanager
def _evidence(
    args: argparse.Namespace, ruleset: RuleSet, progress: console.Progress
) -> Iterator[Path]:
    """Give the path of the evidence; a live collection keeps it beside the reports."""
    from mlsec import pipeline

    saved = saved_evidence(args.targets, args.evidence)
    if saved is not None:
        yield saved
        return
    settings = collect_settings(args, ruleset.vocabulary)
    if args.output is not None:
        import msgspec

        from mlsec.cli.report import written_files

        settings = msgspec.structs.replace(
            settings, written=written_files(args.output, args.format, args.framework)
        )
    with TemporaryDirectory(prefix="mlsec-") as scratch:
        path = (args.output or Path(scratch)) / EVIDENCE
        try:
            pipeline.collect(tuple(args.targets), path, settings, resume=args.resume, say=progress)
        except KeyboardInterrupt:
            hint = "what was answered is kept; go on with --resume" if args.output else ""
            raise KeyboardInterrupt(hint) from None
        except NoRoomError as error:
            if args.output is None:  # what was collected goes with the folder
                error.hint = "make room there, name another folder with TMPDIR, or scan with -o DIR"
            raise
        if any(is_remote(target) for target in args.targets):
            from mlsec.cli.memory import give_back

            # An SDK's clients refer to each other in circles; judging wants the room they take.
            give_back()
        yield path


def _read_beforehand(args: argparse.Namespace) -> Assessment | None:
    """Refuse bad waivers, a bad history or a bad baseline before a long collection.

    Returns:
        The baseline.
    """
    from mlsec.cli.files import load_assessment
    from mlsec.engine.waivers.waivers import load_waivers

    check_receivers(args)
    if args.waivers is not None:
        load_waivers(args.waivers)
    if args.history is not None:
        from mlsec.history.database import check_history

        check_history(args.history)
    return load_assessment(args.baseline) if args.baseline is not None else None


def _show(args: argparse.Namespace, assessment: Assessment) -> int:
    from mlsec.cli.report import show
    from mlsec.cli.source_lines import SourceLines
    from mlsec.render.gate_words import gate_lines

    written = show(
        assessment,
        args.output,
        args.format,
        args.sarif_inventory,
        help_base=args.help_base,
        framework=args.framework,
        # A file must be the same when it is rendered again, wherever the code is then.
        view=view_of(args, SourceLines(args.targets) if args.output is None else None),
    )
    if written and not console.is_quiet():
        show(assessment, None, "text", "", brief=True, view=view_of(args))
        console.note("")
        for path in written:
            console.note(f"wrote {path}")
    head, *lines = gate_lines(assessment) or [""]
    if head:
        console.note(head)
    for line in lines:
        console.note(f"  {line}")
    return exits.CLEAN if assessment.gate is None else exits.of_gate(assessment.gate.result.value)


def _command(args: argparse.Namespace) -> str:
    """The command line as the report shows it: without where the reports go."""
    words = ["mlsec", "scan", *args.targets]
    for name in (
        "evidence",
        "framework",
        "profile",
        "select",
        "exclude",
        "unfold",
        "rules",
        "params",
        "waivers",
        "baseline",
        "changed_since",
        "fail_on",
        "min_coverage",
    ):
        value = getattr(args, name)
        for item in value if isinstance(value, list) else [value]:
            if item not in (None, "", "high", 100.0):
                words += [f"--{name.replace('_', '-')}", f"{item}"]
    return plain_name(shlex.join(words))
