"""Options that several commands share, and what they turn into."""

from __future__ import annotations

import argparse
import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from mlsec.collect.settings import CollectSettings
    from mlsec.pipeline import Judging
    from mlsec.repository.changes.change import Change
    from mlsec.vocabulary.types import Vocabulary

SEVERITIES = ("critical", "high", "medium", "low", "info", "none")
LIVE = ("aws", "azure", "gcp", "kubernetes")


def add_collecting(parser: argparse.ArgumentParser) -> None:
    """Add what a live collection may be told."""
    group = parser.add_argument_group("collecting")
    group.add_argument("--profile", default="", help="named credentials to use")
    group.add_argument(
        "--role-arn", action="append", default=[], metavar="ARN",
        help="assume this role first; repeat for several accounts",
    )  # fmt: skip
    group.add_argument("--external-id", default="", help="external id for --role-arn")
    group.add_argument(
        "--organisation", metavar="NAME", nargs="?", const="", default=None,
        help="walk the whole organisation: on AWS assuming the role NAME in every account, on Azure"
        " the management group NAME, on Google Cloud all projects (or those below NAME, such as"
        " folders/123)",
    )  # fmt: skip
    group.add_argument("--resume", action="store_true", help="go on where a collection stopped")
    group.add_argument("--in-flight", type=_positive, default=64, metavar="N", help="calls at once")
    group.add_argument(
        "--max-rps", type=float, default=0.0, metavar="N",
        help="start with N requests a second per account, region and service",
    )  # fmt: skip
    group.add_argument(
        "--deadline", type=float, default=0.0, metavar="SECONDS",
        help="stop asking after this long; what is missing is not assessed",
    )  # fmt: skip
    group.add_argument("--trust", type=Path, metavar="FILE",
                       help="check signatures of model files by this trust policy")  # fmt: skip
    group.add_argument("--digests", action="store_true",
                       help="hash every model file, for the bill of materials")  # fmt: skip
    group.add_argument("--no-cache", action="store_true",
                       help="read objects in buckets anew, changed or not")  # fmt: skip
    group.add_argument(
        "--probe-private", action="store_true",
        help="let https:// and http:// targets be names that mean private or loopback addresses;"
        " without it only an address that is written out is asked there",
    )  # fmt: skip
    group.add_argument("--with", action="append", default=[], choices=("checkov",), dest="others",
                       metavar="TOOL", help="run checkov over folders too")  # fmt: skip
    group.add_argument("--checkov", default="", metavar="PATH",
                       help="where it is (MLSEC_CHECKOV, .venv-checkov, PATH)")  # fmt: skip
    group.add_argument("--checkov-json", type=Path, metavar="FILE",
                       help="take what checkov said of the folder before")  # fmt: skip
    group.add_argument("--configmaps", action="store_true",
                       help="read config maps of a cluster too")  # fmt: skip
    group.add_argument("--tries", type=_positive, default=8, metavar="N", help="tries per call")


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Add what judging may be told."""
    group = parser.add_argument_group("judging")
    group.add_argument("--rules", type=Path, action="append", default=[], metavar="DIR",
                       help="a folder of your own rules, beside the shipped ones")  # fmt: skip
    group.add_argument("--select", action="append", default=[], metavar="GLOB",
                       help="only rules with such an id; !GLOB takes some out")  # fmt: skip
    group.add_argument("--params", type=Path, metavar="FILE", help="values for rule parameters")
    group.add_argument("--waivers", type=Path, metavar="FILE", help="accepted exceptions")
    group.add_argument("--baseline", type=Path, metavar="ASSESSMENT",
                       help="an earlier assessment; only what is new fails the gate")  # fmt: skip
    group.add_argument("--changed-since", default="", metavar="REV",
                       help="show and count only what changed since this git revision")  # fmt: skip
    group.add_argument("--fail-on", choices=SEVERITIES, default="high", metavar="SEVERITY",
                       help="exit 10 at or above this (default high; none never)")  # fmt: skip
    group.add_argument("--min-coverage", type=float, default=100.0, metavar="PCT",
                       help="exit 11 when less could be assessed (default 100)")  # fmt: skip
    group.add_argument("--now", default="", metavar="TIME",
                       help="judge as of this time (default: that of the evidence)")  # fmt: skip


def collect_settings(args: argparse.Namespace, vocabulary: Vocabulary) -> CollectSettings:
    """Turn options into collection settings."""
    from mlsec.collect.settings import CollectSettings
    from mlsec.model_files.cache import default_cache

    chosen = {"start_per_s": args.max_rps} if args.max_rps else {}
    if args.organisation:
        chosen["role_name"] = args.organisation
    return CollectSettings(
        vocabulary=vocabulary,
        profile=args.profile,
        role_arns=tuple(args.role_arn),
        external_id=args.external_id,
        is_organisation=args.organisation is not None,
        in_flight=args.in_flight,
        tries=args.tries,
        deadline_s=args.deadline,
        trust=args.trust,
        has_digests=args.digests,
        has_configmaps=args.configmaps,
        cache=None if args.no_cache else default_cache(),
        is_private_probed=args.probe_private,
        checkov=_checkov(args),
        checkov_json=args.checkov_json,
        **chosen,
    )


def _checkov(args: argparse.Namespace) -> str:
    """Find checkov before a long collection; "" where it was not asked for."""
    if args.checkov_json is not None:
        from mlsec.repository.checkov.collector import read_json

        read_json(args.checkov_json)
        if len([one for one in args.targets if not is_remote(one)]) != 1:
            raise MlsecError("--checkov-json speaks of one folder", hint="name that folder")
    if "checkov" not in args.others:
        return ""
    from mlsec.repository.checkov.program import find_checkov

    return find_checkov(args.checkov).path


def judging_of(args: argparse.Namespace, command: str) -> Judging:
    """Turn options into judging settings."""
    from mlsec.pipeline import Judging

    if not 0 <= args.min_coverage <= 100:
        raise MlsecError("--min-coverage is a percentage from 0 to 100")
    return Judging(
        rules=tuple(args.rules),
        select=tuple(args.select),
        params=args.params,
        waivers=args.waivers,
        now=moment(args.now),
        command=command,
        fail_on=args.fail_on,
        min_coverage_percent=args.min_coverage,
        change=_change(args),
    )


def _change(args: argparse.Namespace) -> Change | None:
    """Find what changed, before a long collection."""
    if not args.changed_since:
        return None
    from mlsec.repository.changes.change import open_change

    folders = [target for target in args.targets if not is_remote(target)]
    if not folders or any(map(is_evidence, folders)):
        raise MlsecError(
            "--changed-since needs a folder of a git repository",
            hint="a snapshot does not know what its code was before",
        )
    if args.history is not None:
        raise MlsecError(
            "--history needs a whole scan", hint="--changed-since leaves out what did not change"
        )
    return open_change(folders, args.changed_since)


def is_evidence(target: str) -> bool:
    """Whether a target is a saved snapshot: a file of that kind, or its readable twin."""
    path = Path(target)
    if path.is_dir():
        return (path / "meta.json").is_file() and (path / "calls.jsonl").is_file()
    if path.suffix in (".mlsnap", ".part"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\x00"
    except OSError:
        return False


def is_remote(target: str) -> bool:
    """Whether a target is asked over a network."""
    from mlsec.targets.collectors import SCHEMES

    return target.partition("://")[0] in SCHEMES and not Path(target).exists()


def check_target(target: str) -> None:
    """Refuse what is neither an address nor a path that exists.

    Raises:
        MlsecError: a misspelt target.
    """
    if not (is_remote(target) or os.path.lexists(target)):
        raise MlsecError(
            f'"{target}" is neither a file or folder nor a target to ask',
            hint=_meant(target)
            or "aws, aws://111122223333/eu-west-1, azure, gcp://my-project, kubernetes://CONTEXT,"
            " s3://bucket/folder, gs://bucket/folder, az://account/container,"
            " https://models.example:8443, a folder, or a snapshot",
        )


def _meant(target: str) -> str:
    """Guess the address behind a scheme that was misspelt (``s3:/x``, ``gcs://x``), or ""."""
    from mlsec.core.suggestions import did_you_mean
    from mlsec.targets.collectors import SCHEMES

    known = {"gcs": "gs", "azure-blob": "az", "s3a": "s3", "s3n": "s3", "abfs": "az", "wasb": "az"}
    word, colon, rest = target.partition(":")
    path = rest.lstrip("/")
    if not colon or not path or "/" in word:
        return ""
    scheme = known.get(word.lower(), word.lower())
    if scheme in SCHEMES:
        return f'did you mean "{scheme}://{path}"?'
    return did_you_mean(f"{scheme}://", [f"{one}://" for one in SCHEMES]).removeprefix("; ")


def moment(text: str) -> datetime.datetime | None:
    """Read a time an option gives; UTC where it names no zone, None when it is empty."""
    if not text:
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise MlsecError(f'"{text}" is not a time', hint="such as 2026-11-24T12:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
