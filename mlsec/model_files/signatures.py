"""What the signatures beside model files say: checked against a trust policy, or only named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlsec.collect.folders.entry import Bucket, Listing
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import plain_name
from mlsec.model_files.folders import SIGNATURE_ENDINGS, folders_of, marked_by_name
from mlsec.signing.errors import UnreadError
from mlsec.signing.verdicts.verdict import Verdict

if TYPE_CHECKING:
    from mlsec.signing.models.model import Model, Signature
    from mlsec.signing.trust.policy import TrustPolicy


class Signatures(msgspec.Struct, frozen=True, kw_only=True):
    """The signatures of one model folder.

    ``folder`` is relative to the target. ``claimed`` are the files that a signature names,
    relative to the folder: unproven where there is no ``verdict``, which is made only for a
    model that the trust policy names. ``problem`` says what could not be read.
    """

    folder: str
    files: tuple[str, ...]
    claimed: tuple[str, ...] = ()
    verdict: Verdict | None = None
    problem: str = ""


def read_signatures(
    root: Path, listing: Listing, trust: Path | None, marked: frozenset[str] | None = None
) -> Iterator[Signatures]:
    """Look for signatures in every folder that models lie in.

    ``marked`` are the folders in which a model begins; None to go by the names of the files.

    Raises:
        MlsecError: the trust policy cannot be read.
    """
    policy = _policy(trust)
    if root.is_file():
        return
    paths = [entry.path for entry in listing.entries]
    marked = marked_by_name(paths) if marked is None else marked
    for folder in sorted(set(folders_of(paths, marked).values())):
        from mlsec.signing.models.local_model import LocalModel  # noqa: PLC0415 - only for models

        path = root / folder
        model = LocalModel(target=path)
        if not path.is_dir():  # its name cannot be written as text; its files are gaps by then
            continue
        try:
            files = model.discover()
        except MlsecError as error:
            yield Signatures(folder=folder, files=(), problem=error.message)
            continue
        if files or (policy is not None and policy.select(path) is not None):
            yield _look(model, folder, files, policy)


def read_far_signatures(
    bucket: Bucket, listing: Listing, trust: Path | None, marked: frozenset[str] | None = None
) -> Iterator[Signatures]:
    """Look for signatures in a bucket; of a model, only what the store has no digest of is read.

    Raises:
        MlsecError: the trust policy cannot be read.
    """
    from mlsec.model_files.buckets.discovery import models_in  # noqa: PLC0415 - only for a bucket

    policy = _policy(trust)
    for folder, model in models_in(bucket, listing, marked):
        is_named = policy is not None and policy.select(model.address) is not None
        try:
            files = model.discover()
        except UnreadError as error:
            names = tuple(path for path in model.entries if _is_signature(path))
            if names or is_named:
                yield Signatures(folder=folder, files=names, problem=error.message)
            continue
        if files or is_named:
            yield _look(model, folder, files, policy)


def _policy(trust: Path | None) -> TrustPolicy | None:
    if trust is None:
        return None
    from mlsec.signing.trust.policy_loader import load_policy  # noqa: PLC0415 - few scans have one

    return load_policy(trust)


def _is_signature(path: str) -> bool:
    return "/" not in path and path.lower().endswith(SIGNATURE_ENDINGS)


def _look(
    model: Model, folder: str, files: Sequence[Signature], policy: TrustPolicy | None
) -> Signatures:
    from mlsec.signing.api import verify_model  # noqa: PLC0415 - only where there is a signature

    signatures = Signatures(folder=folder, files=tuple(plain_name(file.name) for file in files))
    try:
        if policy is None or policy.select(model.address) is None:
            return msgspec.structs.replace(signatures, claimed=_claims(files))
        verdict = verify_model(model, policy, signatures=files)
    except MlsecError as error:
        return msgspec.structs.replace(signatures, problem=str(error))
    names = tuple(file.path for file in verdict.files) or _claims(files)
    # When it was checked is the scan's time, and would make equal scans differ.
    timeless = msgspec.structs.replace(verdict, verified_at=None)
    return msgspec.structs.replace(signatures, verdict=timeless, claimed=names)


def _claims(files: Sequence[Signature]) -> tuple[str, ...]:
    """Give the files that signatures speak of, believed by nobody yet."""
    from mlsec.signing.bundles.bundle_reader import MAX_BUNDLE_BYTES, parse_bundles  # noqa: PLC0415
    from mlsec.signing.manifests.manifest import manifest_of  # noqa: PLC0415
    from mlsec.signing.manifests.statement import parse_statement  # noqa: PLC0415

    named: set[str] = set()
    for file in files:
        try:
            for bundle in parse_bundles(file.read(MAX_BUNDLE_BYTES)):
                if bundle.envelope is not None:
                    statement = parse_statement(bundle.envelope.payload)
                    claimed = manifest_of(statement.predicate, may_have_more=True, may_be_dot=True)
                    named.update(claimed.paths())
        except MlsecError:
            continue  # what cannot be read names nothing, so nothing is covered by it
    return tuple(sorted(named))
