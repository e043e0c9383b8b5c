"""The trust policy: whose signature counts for which model; nobody else is trusted."""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.linear_regex import linear_regex
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.trust.identity_rule import IdentityRule


class Reaction(enum.Enum):
    """How a missing signature or an extra file is treated."""

    FAIL = "fail"
    REPORT = "report"


class Permission(enum.Enum):
    """Whether something risky is accepted."""

    DENY = "deny"
    ALLOW = "allow"


class TimestampRequirement(enum.Enum):
    """When a trusted timestamp is required."""

    NEVER = "never"
    WHEN_EXPIRED = "when-expired"
    REQUIRED = "required"


class Profile(enum.Enum):
    """``strict`` refuses what the standards forbid; ``compat`` takes what older signers wrote."""

    STRICT = "strict"
    COMPAT = "compat"


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """Settings for every model of the policy."""

    unsigned: Reaction = Reaction.FAIL
    extra_files: Reaction = Reaction.FAIL
    legacy: bool = False
    ca_leaf: Permission = Permission.DENY
    symlinks: Permission = Permission.DENY
    timestamp: TimestampRequirement = TimestampRequirement.WHEN_EXPIRED
    bundle_bytes: int = 64 << 20
    entries: int = 2_000_000

    @property
    def json_limits(self) -> JsonLimits:
        """The caps for a signature file and its payload."""
        return JsonLimits(size_bytes=self.bundle_bytes)


class KeyAnchor(msgspec.Struct, frozen=True, kw_only=True):
    """One public key in a file, trusted from ``valid_from`` until ``valid_to`` (not included)."""

    pem: Path
    valid_from: datetime.datetime | None = None
    valid_to: datetime.datetime | None = None
    tsa: tuple[Path, ...] = ()


class X509Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """Root certificates, and whose timestamps and revocations count with them.

    A signing authority's word for the time of a Notary signature is taken; it vouches for nothing
    else.
    """

    roots: tuple[Path, ...]
    tsa: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    is_signing_authority: bool = False


class SigstoreAnchor(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted_root.json: the authorities and logs of one or several Sigstore instances."""

    trusted_root: Path


Anchor = KeyAnchor | X509Anchor | SigstoreAnchor


class SignerRule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may sign: by which anchor, and for certificates under which exact name.

    ``issuer`` is the OIDC issuer that a Sigstore certificate must have, "" for other anchors.
    """

    anchor: str
    issuer: str = ""
    identity: IdentityRule | None = None


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions on the build that an attestation must meet; "" for any value."""

    predicate: str
    builder: str = ""
    source: str = ""
    workflow: str = ""
    binds: str = "root_digest"


class ModelRule(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of ``models``: which models it applies to, and what is required of them.

    ``threshold`` 0 means one signature and none that does not hold; ``root_digest`` is
    ``sha256:`` and hex, "" when not pinned.
    """

    paths: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    name: str = ""
    root_digest: str = ""
    lock: Path | None = None
    signed_after: datetime.datetime | None = None
    may_ignore: tuple[str, ...] = ()
    threshold: int = 0
    signers: tuple[SignerRule, ...]
    provenance: Provenance | None = None


class TrustPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A trust policy; ``folder`` is what its relative paths start from."""

    file: Path
    folder: Path
    defaults: Defaults
    anchors: Mapping[str, Anchor]
    models: tuple[ModelRule, ...]
    denied_fingerprints: frozenset[str] = frozenset()
    denied_root_digests: frozenset[str] = frozenset()

    def select(self, target: str | Path) -> ModelRule | None:
        """Return the first entry that applies to a model; None, and so no trust, without one.

        Args:
            target: a URI (``s3://...``, with or without a last slash), or a path, which is
                compared as it lies below the policy's folder, or absolute when it lies elsewhere.
        """
        text = str(target)
        if "://" in text:
            bare = text.rstrip("/")
            # In a store a folder is what its names begin with, so chat/* is about chat/ too;
            # an entry that names the folder itself comes first.
            return self._for_uri(bare) or self._for_uri(f"{bare}/")
        name = self.name_of(text)
        return next((rule for rule in self.models if _matches(rule.paths, name)), None)

    def _for_uri(self, uri: str) -> ModelRule | None:
        return next((rule for rule in self.models if _matches(rule.uris, uri)), None)

    def name_of(self, target: str | Path) -> str:
        """Return the name under which a path is compared and locked; a URI is its own."""
        if "://" in str(target):
            return str(target).rstrip("/")
        return _named(Path(target), self.folder)


def _named(target: Path, folder: Path) -> str:
    # Not resolved: a link's own name is what the policy's author sees.
    whole = Path.cwd() / target
    absolute = Path(re.sub(r"/\.(?=/|\Z)", "", whole.as_posix()) or "/")
    if absolute.name == "..":
        absolute = absolute.resolve()
    elif ".." in absolute.parts:  # where that leads depends on the links before it
        absolute = absolute.parent.resolve() / absolute.name
    for base in (folder, folder.resolve()):
        if absolute.is_relative_to(base):
            return absolute.relative_to(base).as_posix()
    return absolute.as_posix()


def _matches(patterns: tuple[str, ...], text: str) -> bool:
    name = text.encode("utf-8", "surrogatepass")
    return any(glob_regex(pattern).fullmatch(name) for pattern in patterns)


def glob_regex(pattern: str) -> Any:
    """Give what a glob matches: ``*`` within a part, ``**`` over parts.

    Raises:
        ValueError: it is too long.
    """
    pieces = re.split(r"(\*\*/|/\*\*\Z|\*\*|\*|\?)", pattern)
    whole = "".join(_WILDCARDS.get(piece) or re.escape(piece) for piece in pieces)
    return linear_regex(f"(?s:{whole})")


_WILDCARDS = {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
