"""``mlsec verify``: who signed a model, and whether its files are those that were signed."""

from __future__ import annotations

import argparse
import gc
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import exits
from mlsec.cli.files import mode_of
from mlsec.cli.values import moment
from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlsec.signing.models.model import Model, Signature
    from mlsec.signing.trust.policy import TrustPolicy
    from mlsec.signing.verdicts.verdict import Verdict

_FORMATS = ("text", "json", "sarif")


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "verify",
        help="verify the signatures of a model against a trust policy",
        description="Verify who signed a model, and that its files are those that were signed.",
        epilog="Exit codes: 0 verified, 10 not verified, 11 incomplete (something could not be"
        " checked), 2 bad usage or input, 1 a crash of mlsec.",
    )
    parser.add_argument(
        "model", metavar="MODEL",
        help="folder or file of the model, or s3://bucket/folder, gs://bucket/folder,"
        " az://account/container/folder",
    )  # fmt: skip
    parser.add_argument("--trust", type=Path, required=True, metavar="FILE",
                        help="trust policy (YAML): who may sign which model")  # fmt: skip
    parser.add_argument(
        "--signature", type=Path, action="append", default=[], metavar="FILE",
        help="signature file to verify; repeatable (default: those in or beside the model)",
    )  # fmt: skip
    parser.add_argument(
        "--profile", choices=("strict", "compat"), default="strict",
        help="strict refuses what the standard does not allow, compat accepts what older signing"
        " tools wrote (default strict)",
    )  # fmt: skip
    parser.add_argument("-f", "--format", choices=_FORMATS, default="text",
                        help="format of the verdict on stdout (default text)")  # fmt: skip
    parser.add_argument(
        "--now", type=moment, default=None, metavar="TIME",
        help="verify as of this time, such as 2026-11-24T12:00:00Z (default: now)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verify, report to stdout, and record a first use where the policy keeps a lock file."""
    # A verification keeps nearly all that it makes, and ends: cycles are not worth a search.
    gc.disable()
    from mlsec.cli import console
    from mlsec.signing.api import Profile, load_policy, record_first_use, verify_model

    policy = load_policy(args.trust)
    for file in args.signature:
        if not stat.S_ISREG(mode_of(file)):
            raise MlsecError("is not a file, and a signature is one file", location=str(file))
    progress = console.Progress()
    try:
        model = _model(args.model)
        verdict = verify_model(
            model,
            policy,
            signatures=_signatures(model, args.signature),
            profile=Profile(args.profile),
            now=args.now,
            progress=lambda done, total: progress("hashing (bytes)", done, total),
        )
    finally:
        progress.close()
    _show(args, verdict, policy)
    if record_first_use(verdict, policy):
        console.note(f"first use of {verdict.target} recorded in the lock file")
    return _exit(verdict)


def _model(target: str) -> Model:
    if "://" not in target:
        from mlsec.signing.models.local_model import local_model

        return local_model(Path(target))
    from mlsec.collect.settings import CollectSettings
    from mlsec.core.programs import use_safe_path
    from mlsec.model_files.buckets.discovery import model_at
    from mlsec.model_files.stores import open_bucket
    from mlsec.vocabulary.types import Vocabulary

    use_safe_path()  # an SDK may start a program to sign in
    # Nothing is mapped to resources here, so no vocabulary is needed.
    settings = CollectSettings(vocabulary=Vocabulary(types={}, digest=""))
    return model_at(open_bucket(target, settings))


def _signatures(model: Model, files: Sequence[Path]) -> tuple[Signature, ...]:
    from mlsec.signing.models.local_model import LocalModel, LocalSignature

    if isinstance(model, LocalModel):
        return model.signatures(files)
    return tuple(LocalSignature(file=file) for file in files)


def _show(args: argparse.Namespace, verdict: Verdict, policy: TrustPolicy) -> None:
    from mlsec.cli import console

    match args.format:
        case "json":
            import msgspec

            from mlsec.core.sanitize import plain_texts

            document = {"schema": "mlsec/verdict/1", **plain_texts(msgspec.to_builtins(verdict))}
            console.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
        case "sarif":
            from mlsec.render.sarif.verdict import render_verdict_sarif

            console.write_bytes(render_verdict_sarif(verdict, policy.file, Path.cwd()))
        case _:
            from mlsec.cli.verdict_text import render_verdict

            console.out(render_verdict(verdict))


def _exit(verdict: Verdict) -> int:
    from mlsec.signing.verdicts.verdict import Answer

    match verdict.answer:
        case Answer.VERIFIED:
            return exits.CLEAN
        case Answer.FAILED:
            return exits.FINDINGS
        case Answer.INCOMPLETE:
            return exits.INCOMPLETE
