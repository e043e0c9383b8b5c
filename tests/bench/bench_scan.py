"""The whole scan of many deployments behind 40 ms of latency per call, report included."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from mlsec.cli.files import load_assessment
from mlsec.core.enums import Status
from tests.bench.measure import Cost, python_module, run_once, say, table
from tests.estate.faults import Fault, Kind
from tests.estate.model import MUST_FAIL, REGIONS, build_estate
from tests.estate.serve import RunningAws, Settings

DEPLOYMENTS = int(os.environ.get("MLSEC_BENCH_DEPLOYMENTS", "500"))
LATENCY_S = 0.040
_PROWLER_SERVICES = ("sagemaker", "bedrock", "s3", "iam", "kms", "ecr", "ec2")


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    calls: Counter[str]
    wall_s: float
    cpu_s: float
    peak_mib: float
    questions: int = 0
    note: str = ""


# Prowler 5.46.0, seven services, the same 500 deployments and latency, on two shared cores: as
# measured when mlsec was designed. Its calls by service add logs, which it reads as well.
_PUBLISHED = _Run(
    name="Prowler 5.46 (as published)",
    calls=Counter(
        {"s3:": 6505, "iam:": 3020, "ecr:": 2377, "sagemaker:": 2327, "kms:": 1006, "logs:": 512,
         "other:": 84}
    ),
    wall_s=405,
    cpu_s=101,
    peak_mib=1052,
    questions=17_521,
)  # fmt: skip


def main() -> None:
    """Record once, then measure and print."""
    with RunningAws(Settings(deployments=DEPLOYMENTS)) as aws:
        say(f"  {DEPLOYMENTS} deployments; recording what is not yet recorded")
        _scan(aws, "recording")
        _scan(aws, "recording", Fault(kind=Kind.DENY, operation="sagemaker:Search"))
        runs = [
            _scan(aws, "mlsec, with Search"),
            _scan(aws, "mlsec, direct", Fault(kind=Kind.DENY, operation="sagemaker:Search")),
        ]
        peer = _prowler(aws)
    runs.append(peer or _PUBLISHED)
    _print_costs(runs)
    _print_questions(runs)
    if peer is None:
        say("  prowler is not on PATH: its figures are the published ones, of another machine")
    say("  a question is one check of one resource; the two ask different ones, see the services")


def _scan(aws: RunningAws, name: str, *faults: Fault) -> _Run:
    latency_s = 0.0 if name == "recording" else LATENCY_S
    aws.set_faults(*faults, latency_s=latency_s)
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as folder:
        out = Path(folder) / "out"
        cost = run_once(
            [
                *python_module("mlsec", "scan", "aws", "-o", str(out)),
                "--profile", "strict", "--fail-on", "none", "--min-coverage", "0",
            ],
            aws.environment(),
        )  # fmt: skip
        note = _graded(out) + f", evidence {(out / 'evidence.mlsnap').stat().st_size / 1e6:.1f} MB"
        totals = load_assessment(out).totals
    asked = totals.passed + totals.failed + totals.not_assessed
    return _run(name, aws, cost, questions=asked, note=note)


def _run(name: str, aws: RunningAws, cost: Cost, *, questions: int, note: str) -> _Run:
    return _Run(
        name=name,
        calls=aws.counts(),
        wall_s=cost.wall_s,
        cpu_s=cost.cpu_s,
        peak_mib=cost.peak_mib,
        questions=questions,
        note=note,
    )


def _graded(out: Path) -> str:
    """Compare what was found with what was planted, so that speed is never bought with verdicts.

    Raises:
        SystemExit: a class of planted faults was found too often or too rarely.
    """
    assessment, estate = load_assessment(out), build_estate(DEPLOYMENTS)
    failed = Counter(f.rule for f in assessment.findings if f.status is Status.FAIL)
    wanted = {rule: len(estate.must_fail(fault, rule, on)) for fault, rule, on in MUST_FAIL}
    wrong = [
        f"{rule} {failed[rule]} of {count}"
        for rule, count in wanted.items()
        if failed[rule] != count
    ]
    if wrong:
        raise SystemExit(f"not as planted: {', '.join(wrong)}")
    unread = sum(f.status is Status.NOT_ASSESSED for f in assessment.findings)
    return (
        f"{len(assessment.findings):,} findings; {len(wanted)} of {len(wanted)} planted classes"
        f" exact ({sum(wanted.values()):,} faults), {unread} not assessed"
    )


def _prowler(aws: RunningAws) -> _Run | None:
    found = shutil.which("prowler")
    if found is None:
        return None
    # As for us, answers that the emulator has yet to give are recorded before anything counts.
    _run_prowler(found, aws, 0.0)
    return _run_prowler(found, aws, LATENCY_S)


def _run_prowler(program: str, aws: RunningAws, latency_s: float) -> _Run:
    aws.set_faults(latency_s=latency_s)
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as folder:
        command = [program, "aws", "--region", *REGIONS, "-z", "-o", folder, "--no-banner",
                   "--service", *_PROWLER_SERVICES]  # fmt: skip
        cost = run_once(command, aws.environment())
        [table_file] = Path(folder).glob("*.csv")
        with table_file.open(encoding="utf-8", newline="") as lines:
            findings = list(csv.DictReader(lines, delimiter=";"))
    checks = len({finding["CHECK_ID"] for finding in findings})
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    note = f"{version.stdout.strip()}, {checks} checks with {len(findings):,} findings"
    return _run("Prowler (this run)", aws, cost, questions=len(findings), note=note)


def _print_costs(runs: list[_Run]) -> None:
    peer = runs[-1]
    rows = [
        (
            run.name,
            f"{run.calls.total():,}",
            f"{run.wall_s:.1f}",
            f"{run.cpu_s:.1f}",
            f"{run.peak_mib:.0f}",
            f"{run.questions:,}",
            f"{run.calls.total() / run.questions:.3f}",
            f"{peer.calls.total() / run.calls.total():.1f}",
            f"{peer.wall_s / run.wall_s:.1f}",
            f"{peer.cpu_s / run.cpu_s:.1f}",
            f"{peer.peak_mib / run.peak_mib:.1f}",
        )
        for run in runs
    ]
    head = ("run", "calls", "wall s", "CPU s", "MiB", "questions", "calls each",
            "x calls", "x wall", "x CPU", "x MiB")  # fmt: skip
    table(f"{DEPLOYMENTS} deployments, {LATENCY_S * 1000:.0f} ms per call", head, rows)
    for run in runs:
        if run.note:
            say(f"  {run.name}: {run.note}")


def _print_questions(runs: list[_Run]) -> None:
    """Print calls by service, since a ratio of calls is fair only beside what was asked."""
    by_service = [_by_service(run) for run in runs]
    names = sorted(set().union(*by_service), key=lambda n: -max(c[n] for c in by_service))
    rows = [(name, *(f"{counts[name]:,}" for counts in by_service)) for name in names]
    table("calls by service", ("service", *(run.name for run in runs)), rows)
    ours = runs[0].calls.most_common(12)
    table("most asked", ("operation", "calls"), [(name, f"{count:,}") for name, count in ours])


def _by_service(run: _Run) -> Counter[str]:
    found: Counter[str] = Counter()
    for label, count in run.calls.items():
        found[label.partition(":")[0]] += count
    return found
