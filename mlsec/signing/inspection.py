"""What a signature file says of itself; nothing is verified here."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import read_named_file
from mlsec.signing.bundles.bundle import Bundle
from mlsec.signing.bundles.bundle_reader import parse_bundles
from mlsec.signing.errors import SigningError
from mlsec.signing.manifests.manifest import manifest_of
from mlsec.signing.manifests.statement import OMS_PREDICATE, parse_statement


class BundleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one bundle says it signs, unproven; ``problem`` says why that cannot be read."""

    predicate_type: str = ""
    model_name: str = ""
    root_digest: str = ""
    files: int = 0
    problem: str = ""


def inspect(file: Path) -> tuple[BundleSummary, ...]:
    """Return what the bundles of a file say.

    Raises:
        MlsecError: it cannot be read, or is no bundle.
    """
    try:
        data = read_named_file(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(file)) from None
    try:
        return tuple(_summary(bundle) for bundle in parse_bundles(data))
    except SigningError as error:
        raise MlsecError(error.message, hint=error.hint, location=str(file)) from None


def _summary(bundle: Bundle) -> BundleSummary:
    if bundle.envelope is None:
        return BundleSummary()
    try:
        statement = parse_statement(bundle.envelope.payload)
    except SigningError as error:
        return BundleSummary(problem=error.message)
    summary = BundleSummary(
        predicate_type=statement.predicate_type, model_name=statement.subjects[0].name
    )
    if statement.predicate_type != OMS_PREDICATE:
        return summary
    try:
        manifest = manifest_of(statement.predicate, may_have_more=True, may_be_dot=True)
    except SigningError as error:
        return msgspec.structs.replace(summary, problem=error.message)
    return msgspec.structs.replace(
        summary, root_digest=manifest.root_digest, files=len(manifest.paths())
    )
