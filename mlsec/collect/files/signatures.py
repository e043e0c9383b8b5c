"""What the signatures beside model files say: checked against a trust policy, or only named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.collect.files.entry import Listing, plain_name
from mlsec.collect.files.folders import SIGNATURE_ENDINGS, folders_of
from mlsec.core.errors import MlsecError
from mlsec.signing.api import discover, load_policy, verify
from mlsec.signing.bundle import parse_bundles
from mlsec.signing.errors import SigningError
from mlsec.signing.manifest import manifest_of
from mlsec.signing.policy import TrustPolicy
from mlsec.signing.statement import parse_statement
from mlsec.signing.verdict import Verdict


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


def read_signatures(root: Path, listing: Listing, trust: Path | None) -> Iterator[Signatures]:
    """Look for signatures in every folder that models lie in.

    Raises:
        MlsecError: the trust policy cannot be read.
    """
    policy = load_policy(trust) if trust is not None else None
    if root.is_file():
        return
    paths = [entry.path for entry in listing.entries]
    for folder in sorted(set(folders_of(paths).values())):
        path = root / folder
        if not path.is_dir():  # its name cannot be written as text; its files are gaps by then
            continue
        files = discover(path)
        if files or (policy is not None and policy.select(path) is not None):
            yield _look(path, folder, files, policy)


def unread_signatures(listing: Listing) -> Iterator[Signatures]:
    """Name the signatures in a bucket: checking one means to fetch the whole model."""
    paths = [entry.path for entry in listing.entries]
    where = folders_of(paths)
    for folder in sorted(set(where.values())):
        names = [path.rpartition("/")[2] for path in paths if where[path] == folder]
        files = tuple(name for name in names if name.lower().endswith(SIGNATURE_ENDINGS))
        if files:
            yield Signatures(
                folder=folder,
                files=files,
                problem="not checked in a bucket: fetch the model, then mlsec verify",
            )


def _look(
    path: Path, folder: str, files: tuple[Path, ...], policy: TrustPolicy | None
) -> Signatures:
    found = Signatures(folder=folder, files=tuple(plain_name(file.name) for file in files))
    try:
        if policy is None or policy.select(path) is None:
            return msgspec.structs.replace(found, claimed=_claims(files))
        verdict = verify(path, policy, signatures=files)
    except MlsecError as error:
        return msgspec.structs.replace(found, problem=str(error))
    names = tuple(file.path for file in verdict.files) or _claims(files)
    # When it was checked is the scan's time, and would make equal scans differ.
    timeless = msgspec.structs.replace(verdict, verified_at=None)
    return msgspec.structs.replace(found, verdict=timeless, claimed=names)


def _claims(files: tuple[Path, ...]) -> tuple[str, ...]:
    """Give the files that signatures speak of, believed by nobody yet."""
    named: set[str] = set()
    for file in files:
        try:
            for bundle in parse_bundles(file.read_bytes()):
                if bundle.envelope is not None:
                    statement = parse_statement(bundle.envelope.payload)
                    claimed = manifest_of(statement.predicate, may_have_more=True, may_be_dot=True)
                    named.update(claimed.paths())
        except (SigningError, OSError):
            continue  # what cannot be read names nothing, so nothing is covered by it
    return tuple(sorted(named))
