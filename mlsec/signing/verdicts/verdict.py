"""Verification results: checks with reasons, who signed and when, and the overall answer."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Sequence

import msgspec

MAX_IDENTITY_CHARS = 1024


class Outcome(enum.Enum):
    """The result of one check."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One condition that was checked of a signature or of the files.

    ``id`` is ``area/what-must-hold`` and never renamed; ``what`` is the sentence, ``expected`` and
    ``actual`` the values that decided, ``fix`` how to mend it, ``file`` the path inside the model
    (or of the signature) it is about, "" for the whole. Only ``expected``, ``actual`` and ``file``
    hold foreign text. A failure that is not ``is_fatal`` is reported but does not fail the verdict.
    """

    id: str
    outcome: Outcome
    what: str
    expected: str = ""
    actual: str = ""
    fix: str = ""
    file: str = ""
    is_fatal: bool = True


def passed(check_id: str, what: str, *, expected: str = "", actual: str = "") -> Check:
    """Return a check that held."""
    return Check(id=check_id, outcome=Outcome.OK, what=what, expected=expected, actual=actual)


def failed(
    check_id: str,
    what: str,
    *,
    expected: str = "",
    actual: str = "",
    fix: str = "",
    file: str = "",
    is_fatal: bool = True,
) -> Check:
    """Return a check that did not hold."""
    return Check(
        id=check_id, outcome=Outcome.FAILED, what=what, expected=expected, actual=actual,
        fix=fix, file=file, is_fatal=is_fatal,
    )  # fmt: skip


def not_checked(
    check_id: str,
    what: str,
    *,
    actual: str = "",
    fix: str = "",
    file: str = "",
    is_fatal: bool = True,
) -> Check:
    """Return a check that could not be made; ``what`` says why. Never a pass."""
    return Check(
        id=check_id, outcome=Outcome.NOT_CHECKED, what=what, actual=actual, fix=fix, file=file,
        is_fatal=is_fatal,
    )  # fmt: skip


def has_failed(checks: Iterable[Check]) -> bool:
    """Whether a check that matters did not hold."""
    return any(check.is_fatal and check.outcome is Outcome.FAILED for check in checks)


def is_open(checks: Iterable[Check]) -> bool:
    """Whether a check that matters could not be made."""
    return any(check.is_fatal and check.outcome is Outcome.NOT_CHECKED for check in checks)


def time_text(at: datetime.datetime) -> str:
    """Write a time in UTC as people and checks read it, such as 2026-01-31T12:00:00Z."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


class IdentityType(enum.Enum):
    """The kind of a name in a certificate."""

    URI = "uri"
    EMAIL = "email"
    DNS = "dns"
    OTHER = "other"
    SUBJECT = "subject"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One name from a certificate: a subject alternative name, or the subject (RFC 4514)."""

    type: IdentityType
    value: str


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who made one signature, as far as it was proven.

    ``key_fingerprint`` and ``certificate_fingerprint`` are ``sha256:`` and 64 hex digits over the
    DER SubjectPublicKeyInfo and the DER certificate ("" without one). ``issuer`` is the OIDC
    issuer of a Sigstore certificate; ``extensions`` its other claims (name -> value).
    """

    key_fingerprint: str
    algorithm: str
    certificate_fingerprint: str = ""
    identities: tuple[Identity, ...] = ()
    issuer: str = ""
    serial_number: str = ""
    not_before: datetime.datetime | None = None
    not_after: datetime.datetime | None = None
    extensions: tuple[tuple[str, str], ...] = ()


class TimeSource(enum.Enum):
    """The source of a trusted time."""

    TIMESTAMP_AUTHORITY = "timestamp_authority"
    TRANSPARENCY_LOG = "transparency_log"


class TrustedTime(msgspec.Struct, frozen=True, kw_only=True):
    """When a signature existed, according to someone the policy trusts; aware, UTC."""

    at: datetime.datetime
    source: TimeSource
    authority: str


class SignatureVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One signature against one anchor: every check, who signed, and when for certain.

    ``file`` is the signature file, ``number`` counts the signatures in it from 1.
    """

    checks: tuple[Check, ...]
    signer: Signer | None = None
    times: tuple[TrustedTime, ...] = ()
    anchor: str = ""
    file: str = ""
    number: int = 1

    @property
    def is_good(self) -> bool:
        """Whether there are checks, and all that matter held."""
        return bool(self.checks) and not (has_failed(self.checks) or is_open(self.checks))

    @property
    def is_open(self) -> bool:
        """Whether no check failed, but some could not be made."""
        return not self.is_good and not has_failed(self.checks)


class Answer(enum.Enum):
    """The overall answer: ``verified``, ``failed``, or ``incomplete`` where it is not known."""

    VERIFIED = "verified"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


class SignedFile(msgspec.Struct, frozen=True, gc=False):
    """A file whose bytes are those that were signed: hand ``digest`` to what loads it."""

    path: str
    algorithm: str
    digest: str
    size_bytes: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report or a rule may read about one signed model; plain values only.

    ``signatures`` holds one entry for each signature and anchor tried; ``checks`` those about the
    statement, the policy and the files. The answer is not theirs alone: a threshold may be met
    although one signature is not good. ``root_digest`` is ``sha256:`` and hex over the manifest,
    "" when no statement could be trusted.
    """

    target: str
    signature_files: tuple[str, ...]
    answer: Answer
    profile: str
    checks: tuple[Check, ...]
    signatures: tuple[SignatureVerdict, ...] = ()
    model_name: str = ""
    root_digest: str = ""
    predicate_type: str = ""
    files: tuple[SignedFile, ...] = ()
    files_signed: int = 0
    files_found: int = 0
    bytes_hashed: int = 0
    verified_at: datetime.datetime | None = None

    def unmet(self) -> tuple[tuple[str, Check], ...]:
        """Return the checks that did not hold, each with its signature file ("" for none)."""
        checks = [("", check) for check in self.checks]
        for verdict in self.signatures:
            checks += [(verdict.file, check) for check in verdict.checks]
        return tuple(pair for pair in checks if pair[1].outcome is not Outcome.OK)


def answer_of(checks: Sequence[Check], *, is_compared: bool) -> Answer:
    """Derive the answer: failed before incomplete, verified only where files were compared."""
    if has_failed(checks):
        return Answer.FAILED
    return Answer.INCOMPLETE if is_open(checks) or not is_compared else Answer.VERIFIED
