"""Build provenance in SLSA v1 and v0.2: builder, source, workflow and subjects."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mlsec.signing.encodings.json_fields import JsonFields, read_json
from mlsec.signing.encodings.strict_json import DEFAULT_LIMITS, JsonLimits
from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.trust.policy import Provenance
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import Signer

SLSA_V1 = "https://slsa.dev/provenance/v1"
SLSA_V02 = "https://slsa.dev/provenance/v0.2"
PREDICATES = frozenset({SLSA_V1, SLSA_V02})
MAX_SUBJECTS = 10_000
_STATEMENTS = frozenset({"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"})
_GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_WORKFLOW = re.compile(r"https://github\.com/[^/]+/[^/]+/\.github/workflows/")
_RUNNER = "https://github.com/actions/runner/"


class BuildProvenance(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of an attestation, all by its builder; "" where it makes none.

    ``source`` is a repository's URI and ``ref`` what was built of it; ``workflow`` is the path of
    the build's entry point. ``subjects`` are (name, SHA-256 in hex).
    """

    predicate_type: str
    builder: str
    source: str
    ref: str
    workflow: str
    subjects: tuple[tuple[str, str], ...]


def predicate_type_of(payload: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> str:
    """Return the predicate type of a payload, "" when it is no statement about a build."""
    if not any(predicate.encode() in payload for predicate in PREDICATES):
        return ""
    try:
        return read_json(payload, "statement", limits).text_or("predicateType")
    except MalformedError:
        return ""


def read_provenance(payload: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> BuildProvenance:
    """Read a provenance statement.

    Raises:
        MalformedError: not strict JSON, or a field that is missing or of another type.
        UnsupportedError: another statement or predicate type.
    """
    statement = read_json(payload, "statement", limits)
    if statement.text("_type") not in _STATEMENTS:
        raise UnsupportedError("the attestation is not an in-toto statement of version 0.1 or 1")
    subjects = statement.objects("subject", MAX_SUBJECTS)
    if not subjects:
        raise MalformedError("the attestation has no subject")
    kind = statement.text("predicateType")
    predicate = statement.object("predicate")
    if kind == SLSA_V1:
        builder, source, ref, workflow = _v1(predicate)
    elif kind == SLSA_V02:
        builder, source, ref, workflow = _v02(predicate)
    else:
        raise UnsupportedError(f"provenance of kind {kind[:100]} is not understood")
    return BuildProvenance(
        predicate_type=kind,
        builder=builder,
        source=source,
        ref=ref,
        workflow=workflow,
        subjects=tuple(pair for subject in subjects for pair in _subject(subject)),
    )


def _subject(subject: JsonFields) -> tuple[tuple[str, str], ...]:
    digest = subject.object("digest").text_or("sha256")
    if digest and not _HEX.match(digest):
        raise MalformedError(f"{subject.where} has a SHA-256 that is not lower-case hex")
    # A subject without a SHA-256 (a git commit, progress) is nothing that a file could be.
    return ((subject.text_or("name"), digest),) if digest else ()


def _v1(predicate: JsonFields) -> tuple[str, str, str, str]:
    builder = predicate.object("runDetails").object("builder").text("id")
    given = predicate.object("buildDefinition").object("externalParameters")
    if given.is_object("workflow"):
        workflow = given.object("workflow")
        ref, path = workflow.text_or("ref"), workflow.text_or("path")
        return builder, workflow.text_or("repository"), ref, path
    # Only what the caller of the build asked for counts; dependencies are whatever came along.
    source = given.object("source").text_or("uri") if given.is_object("source") else ""
    if given.is_text("source"):
        source = given.text("source")
    return builder, *split_source(source), ""


def _v02(predicate: JsonFields) -> tuple[str, str, str, str]:
    builder = predicate.object("builder").text("id")
    if not predicate.has("invocation") or not predicate.object("invocation").has("configSource"):
        return builder, "", "", ""
    config = predicate.object("invocation").object("configSource")
    return builder, *split_source(config.text_or("uri")), config.text_or("entryPoint")


def split_source(uri: str) -> tuple[str, str]:
    """Split ``git+https://host/org/repo@refs/heads/main`` into repository and ref."""
    text = uri.removeprefix("git+")
    scheme, there, rest = text.partition("://")
    # A user or port may hold an "@" before the path, a ref comes after it.
    host, slash, path = rest.partition("/")
    repository, _, ref = path.partition("@")
    return f"{scheme}{there}{host}{slash}{repository}", ref


def _repository(uri: str) -> str:
    return split_source(uri)[0].rstrip("/").removesuffix(".git")


def check_builder(built: BuildProvenance, wanted: Provenance) -> bool:
    """Check the predicate's kind and who built it.

    Raises:
        CheckFailedError: another kind or builder.
    """
    _same("the kind of provenance", wanted.predicate, built.predicate_type)
    if wanted.builder:
        _same("the builder", wanted.builder, built.builder)
    return True


def check_source(built: BuildProvenance, wanted: Provenance) -> bool:
    """Check from which repository, ref and workflow it was built, where the policy names them.

    Raises:
        CheckFailedError: another one, or the attestation does not say.
    """
    if wanted.source:
        _same("the source", _repository(wanted.source), _repository(built.source))
        ref = split_source(wanted.source)[1]
        if ref:
            _same("the source's ref", ref, built.ref)
    if wanted.workflow:
        path, _, ref = wanted.workflow.partition("@")
        _same("the workflow", path, built.workflow)
        if ref:
            _same("the workflow's ref", ref, built.ref)
    return True


def check_claims(built: BuildProvenance, signer: Signer | None) -> bool:
    """Hold the predicate against the certificate: the first is written by the job, the second by
    the identity provider, so a job that lies about itself is found here.

    Raises:
        CheckFailedError: they contradict each other.
    """
    if signer is None or signer.issuer != _GITHUB_ISSUER:
        return True
    claims: dict[str, Any] = dict(signer.extensions)
    repository = claims.get("source_repository_uri", "")
    if built.source:
        _same("the source", _repository(repository), _repository(built.source))
    if built.ref:
        _same("the source's ref", claims.get("source_repository_ref", ""), built.ref)
    if built.workflow and "build_config_uri" in claims:
        config = f"{_repository(repository)}/{built.workflow.lstrip('/')}@{built.ref}"
        _same("the workflow", claims["build_config_uri"], config)
    if _WORKFLOW.match(built.builder):
        _same("the builder", claims.get("build_signer_uri", ""), built.builder)
    elif built.builder.startswith(_RUNNER):
        _same("the runner", _RUNNER + claims.get("runner_environment", ""), built.builder)
    return True


def _same(what: str, expected: str, actual: str) -> None:
    if not actual:
        raise CheckFailedError(f"the provenance does not say {what}", expected=expected)
    if expected != actual:
        raise CheckFailedError(f"{what} differs", expected=expected, actual=actual)
