"""What one scope costs, by its regions and its deployments: the constants of docs/scale.md."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.cli.files import load_assessment
from tests.bench.measure import Cost, python_module, run_once, say, table
from tests.e2e.clouds import Running
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.serve import RunningAws, Settings

# Those that the emulator knows for every service that is asked.
REGIONS = (
    "eu-west-1", "us-east-1", "us-east-2", "us-west-2", "eu-west-2", "eu-central-1",
    "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-south-1",
    "ca-central-1",
)  # fmt: skip
# The estate has two regions; where no listing of them is to be had, those that are named are asked.
_NO_LISTING = (
    Fault(kind=Kind.DENY, operation="account:ListRegions"),
    Fault(kind=Kind.DENY, operation="ec2:DescribeRegions"),
)
LATENCY_S = 0.040


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One scope of a size, collected and judged in processes of their own."""

    cloud: str
    regions: int
    deployments: int
    calls: int
    collect: Cost
    evidence_bytes: int
    judge: Cost
    resources: int


def main() -> None:
    """Collect and judge scopes of several sizes, and print what each cost."""
    samples = [*_aws(), *_azure(), *_gcp()]
    head = ("scope", "regions", "deployments", "calls", "wall s", "CPU s", "MiB", "evidence kB",
            "resources", "judge CPU s", "judge MiB")  # fmt: skip
    table(f"One scope, {LATENCY_S * 1000:.0f} ms a call", head, [_row(one) for one in samples])
    say("  each line is two processes of their own: mlsec collect, then mlsec scan of its snapshot")


def _aws() -> Iterator[Sample]:
    for deployments, counts in ((0, (1, 2, 6, 12)), (20, (2,)), (100, (2,))):
        with RunningAws(Settings(deployments=deployments)) as aws:
            for count in counts:
                words = (f"aws://123456789012/{','.join(REGIONS[:count])}",)
                with tempfile.TemporaryDirectory() as folder:  # records what is not yet
                    _collect(words, aws, Path(folder) / "one.mlsnap", latency_s=0)
                yield _sample("aws", words, aws, count, deployments)


def _azure() -> Iterator[Sample]:
    for deployments in (0, 20, 100):
        with RunningAzure(build_azure(deployments).world) as azure:
            yield _sample("azure", ("azure",), azure, 0, deployments)


def _gcp() -> Iterator[Sample]:
    for deployments in (0, 20, 100):
        with RunningGcp(build_gcp(deployments).world) as gcp:
            yield _sample("gcp", ("gcp",), gcp, 0, deployments)


def _sample(
    cloud: str, words: tuple[str, ...], server: Running, regions: int, deployments: int
) -> Sample:
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as folder:
        evidence, out = Path(folder) / "one.mlsnap", Path(folder) / "out"
        collect = _collect(words, server, evidence, latency_s=LATENCY_S)
        calls = server.counts().total()
        judge = run_once(
            [*python_module("mlsec", "scan", "--evidence", str(evidence), "-o", str(out)),
             "--fail-on", "none", "--min-coverage", "0"], sample_s=0.05,
        )  # fmt: skip
        coverage = load_assessment(out).coverage
        return Sample(
            cloud=cloud, regions=regions, deployments=deployments, calls=calls, collect=collect,
            evidence_bytes=evidence.stat().st_size, judge=judge,
            resources=coverage.enumerated,
        )  # fmt: skip


def _collect(words: tuple[str, ...], server: Running, evidence: Path, latency_s: float) -> Cost:
    server.set_faults(*(_NO_LISTING if words[0].startswith("aws") else ()), latency_s=latency_s)
    # 11 says that something was not answered whole: here that the regions could not be listed.
    shell = ("sh", "-c", '"$0" "$@" || [ $? -eq 11 ]')
    command = [*shell, *python_module("mlsec", "collect", *words, "-o", str(evidence), "-q")]
    return run_once(command, server.environment(), sample_s=0.05)


def _row(one: Sample) -> tuple[str, ...]:
    return (
        one.cloud, str(one.regions or ""), f"{one.deployments}", f"{one.calls:,}",
        f"{one.collect.wall_s:.1f}", f"{one.collect.cpu_s:.2f}", f"{one.collect.tree_mib:.0f}",
        f"{one.evidence_bytes / 1000:,.0f}", f"{one.resources:,}", f"{one.judge.cpu_s:.2f}",
        f"{one.judge.tree_mib:.0f}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
