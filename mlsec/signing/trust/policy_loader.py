"""Reads a trust policy from YAML; what is not understood is refused with file, line and column."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import read_named_text
from mlsec.core.strict_yaml import parse
from mlsec.signing.errors import MalformedError
from mlsec.signing.manifests.paths import check_ignored
from mlsec.signing.trust.identity_rule import IdentityRule, pattern_problem
from mlsec.signing.trust.policy import (
    Anchor,
    Defaults,
    KeyAnchor,
    ModelRule,
    Permission,
    Provenance,
    Reaction,
    SignerRule,
    SigstoreAnchor,
    TimestampRequirement,
    TrustPolicy,
    X509Anchor,
    glob_regex,
)
from mlsec.signing.trust.yaml_node import PolicyNode
from mlsec.signing.verdicts.verdict import IdentityType

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_KINDS = ("uri", "email", "dns", "subject")


def load_policy(path: Path) -> TrustPolicy:
    """Read a trust policy.

    Raises:
        MlsecError: it cannot be read, is not strict YAML, or says something unknown, in two ways
            or too little; always with file, line and column.
    """
    try:
        text = read_named_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise MlsecError(f"the trust policy cannot be read: {reason}", location=str(path)) from None
    return policy_of(text, path)


def policy_of(text: str, path: Path) -> TrustPolicy:
    """Read a trust policy from its text; ``path`` is what messages and relative paths go by."""
    document = parse(text, str(path))
    root = PolicyNode(document, (), document.value)
    root.only("version", "defaults", "anchors", "models", "deny")
    if root.get("version") != 1:
        root.refuse("version", 'a trust policy starts with "version: 1"')
    folder = path.parent if path.parent.is_absolute() else Path.cwd() / path.parent
    named = root.need("anchors")
    anchors = {name: _anchor(named.child(name), folder) for name in named.names()}
    deny = root.child("deny")
    deny.only("fingerprints", "root_digests")
    models = tuple(_model(entry, anchors, folder) for entry in root.items("models"))
    if not models:
        root.refuse("models", "the policy names no model, so nothing would be trusted")
    return TrustPolicy(
        file=path,
        folder=folder,
        defaults=_defaults(root.child("defaults")),
        anchors=anchors,
        models=models,
        denied_fingerprints=frozenset(_digests(deny, "fingerprints")),
        denied_root_digests=frozenset(_digests(deny, "root_digests")),
    )


def _defaults(node: PolicyNode) -> Defaults:
    node.only("unsigned", "extra_files", "legacy", "ca_leaf", "symlinks", "timestamp", "limits")
    limits = node.child("limits")
    limits.only("bundle_mb", "entries")
    usual = Defaults()
    return Defaults(
        unsigned=node.choice("unsigned", Reaction, usual.unsigned),
        extra_files=node.choice("extra_files", Reaction, usual.extra_files),
        legacy=node.flag("legacy", absent=False),
        ca_leaf=node.choice("ca_leaf", Permission, usual.ca_leaf),
        symlinks=node.choice("symlinks", Permission, usual.symlinks),
        timestamp=node.choice("timestamp", TimestampRequirement, usual.timestamp),
        bundle_bytes=limits.number("bundle_mb", 1, 1024, usual.bundle_bytes >> 20) << 20,
        entries=limits.number("entries", 1, 50_000_000, usual.entries),
    )


def _anchor(node: PolicyNode, folder: Path) -> Anchor:
    kind = node.text("type")
    if kind not in ("key", "x509", "sigstore"):
        node.refuse("type", f'unknown anchor type "{kind}"', "key, x509 or sigstore")
    if kind == "key":
        node.only("type", "pem", "valid", "tsa")
        valid = node.child("valid")
        valid.only("from", "to")
        return KeyAnchor(
            pem=folder / node.text("pem"),
            valid_from=_time(valid, "from"),
            valid_to=_time(valid, "to"),
            tsa=_paths(node, "tsa", folder),
        )
    if kind == "x509":
        node.only("type", "roots", "tsa", "crls", "signing_authority")
        roots = _paths(node, "roots", folder)
        if not roots:
            node.refuse("roots", "an x509 anchor needs root certificates; there are no defaults")
        return X509Anchor(
            roots=roots,
            tsa=_paths(node, "tsa", folder),
            crls=_paths(node, "crls", folder),
            is_signing_authority=node.flag("signing_authority", absent=False),
        )
    node.only("type", "trusted_root")
    root = folder / node.text("trusted_root")
    return SigstoreAnchor(trusted_root=root)


def _paths(node: PolicyNode, key: str, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / path for path in node.texts(key))


def _model(node: PolicyNode, anchors: dict[str, Anchor], folder: Path) -> ModelRule:
    node.only(
        "match", "name", "root_digest", "lock", "signed_after", "may_ignore", "require",
        "provenance",
    )  # fmt: skip
    match = node.need("match")
    match.only("path", "uri")
    paths, uris = match.texts("path"), match.texts("uri")
    if not paths and not uris:
        match.refuse("path", "match needs a path or a uri")
    for key, globs in (("path", paths), ("uri", uris)):
        _check_globs(match, key, globs)
    require = node.need("require")
    require.only("threshold", "signers")
    signers = tuple(_signer(entry, anchors) for entry in require.items("signers"))
    if not signers:
        require.refuse("signers", "at least one signer must be named")
    lock = node.get("lock")
    return ModelRule(
        paths=paths,
        uris=uris,
        name=node.text("name", absent=""),
        root_digest=_root_digest(node),
        lock=folder / node.text("lock") if lock is not None else None,
        signed_after=_time(node, "signed_after"),
        may_ignore=_ignored(node),
        threshold=require.number("threshold", 1, len(signers), 0),
        signers=signers,
        provenance=_provenance(node.child("provenance")) if node.has("provenance") else None,
    )


def _ignored(node: PolicyNode) -> tuple[str, ...]:
    paths = node.texts("may_ignore")
    for path in paths:
        try:
            check_ignored(path)
        except MalformedError as error:
            node.refuse(
                "may_ignore", error.message, "name each path; patterns are not supported here"
            )
    return paths


def _provenance(node: PolicyNode) -> Provenance:
    node.only("predicate", "builder", "source", "workflow", "binds")
    binds = node.text("binds", absent="root_digest")
    if binds not in ("root_digest", "files"):
        node.refuse("binds", f'unknown value "{binds}"', "root_digest or files")
    return Provenance(
        predicate=node.text("predicate"),
        builder=node.text("builder", absent=""),
        source=node.text("source", absent=""),
        workflow=node.text("workflow", absent=""),
        binds=binds,
    )


def _root_digest(node: PolicyNode) -> str:
    digest = node.text("root_digest", absent="")
    return _digests(node, "root_digest")[0] if digest else ""


def _signer(node: PolicyNode, anchors: dict[str, Anchor]) -> SignerRule:
    node.only("anchor", "issuer", "identity", "identity_regex")
    name = node.text("anchor")
    anchor = anchors.get(name)
    if anchor is None:
        node.refuse("anchor", f'no anchor is called "{name}"', node.suggestion(name, anchors))
    issuer, identity = node.text("issuer", absent=""), _identity(node)
    match anchor:
        case KeyAnchor():
            if issuer or identity:
                node.refuse("anchor", "a key has no identity or issuer; leave them out")
        case X509Anchor():
            if issuer or identity is None or identity.type is None:
                node.refuse(
                    "anchor",
                    "an x509 signer needs an identity such as {uri: spiffe://corp/ml}, no issuer",
                    "without it anyone with a certificate of this authority could sign",
                )
        case SigstoreAnchor():
            if not issuer or identity is None or identity.type is not None:
                node.refuse(
                    "anchor", "a sigstore signer needs an issuer and an identity (plain text)"
                )
    return SignerRule(anchor=name, issuer=issuer, identity=identity)


def _check_globs(node: PolicyNode, key: str, globs: tuple[str, ...]) -> None:
    for glob in globs:
        try:
            glob_regex(glob)
        except ValueError as error:
            node.refuse(key, f"not a pattern that can be matched: {error}")


def _identity(node: PolicyNode) -> IdentityRule | None:
    keys = [key for key in ("identity", "identity_regex") if node.has(key)]
    if len(keys) > 1:
        node.refuse("identity_regex", "give an identity or a pattern for it, not both")
    if not keys:
        return None
    key = keys[0]
    kind, value = _kind_and_value(node, key)
    if key == "identity":
        return IdentityRule(value=value, type=kind)
    problem = pattern_problem(value, kind)
    if problem:
        node.refuse(key, f"this pattern cannot be trusted: {problem}")
    return IdentityRule(pattern=value, type=kind)


def _kind_and_value(node: PolicyNode, key: str) -> tuple[IdentityType | None, str]:
    if isinstance(node.get(key), str):
        return None, node.text(key)
    named = node.child(key)
    named.only(*_KINDS)
    kinds = [kind for kind in _KINDS if named.has(kind)]
    if len(kinds) != 1:
        node.refuse(key, f"name one of {', '.join(_KINDS)}")
    return IdentityType(kinds[0]), named.text(kinds[0])


def _time(node: PolicyNode, key: str) -> datetime.datetime | None:
    text = node.text(key, absent="")
    if not text:
        return None
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        node.refuse(key, f'"{text}" is not a time', "such as 2026-01-31 or 2026-01-31T12:00:00Z")
    return time.astimezone(datetime.UTC) if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def _digests(node: PolicyNode, key: str) -> tuple[str, ...]:
    digests = node.texts(key)
    for digest in digests:
        if not _DIGEST.match(digest):
            hint = "sha256: and 64 lower-case hex digits"
            node.refuse(key, f'"{digest[:100]}" is not a digest', hint)
    return digests
