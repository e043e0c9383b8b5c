"""Distinguished names as Notary's trust policies write them: ``x509.subject: C=US, ST=WA, O=acme``.

Every attribute that the policy names must be in the certificate's subject with that very value.
"""

from __future__ import annotations

import re

from mlsec.signing.errors import MalformedError
from mlsec.signing.verdicts.verdict import Identity, IdentityType

PREFIX = "x509.subject:"
_MANDATORY = frozenset({"C", "ST", "O"})
_ATTRIBUTE = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9.-]*|[0-9]+(?:\.[0-9]+)+)\s*=((?:[^,+\\\"<>;#=]|\\.)*)"
)
_ALIASES = {"S": "ST"}


def attributes_of(name: str) -> dict[str, str]:
    """Split a distinguished name into its attributes, by their upper-case short names.

    Raises:
        MalformedError: not such a name, or an attribute that is repeated.
    """
    attributes: dict[str, str] = {}
    at = 0
    while at < len(name):
        match = _ATTRIBUTE.match(name, at)
        if match is None or (match.end() < len(name) and name[match.end()] not in ",+"):
            raise MalformedError(f'"{name[:200]}" is no distinguished name')
        key = match[1].upper()
        key = _ALIASES.get(key, key)
        if key in attributes:
            raise MalformedError(f'"{name[:200]}" names {key} twice')
        attributes[key] = _plain(match[2].strip())
        at = match.end() + 1
    return attributes


def _plain(value: str) -> str:
    hexes = re.sub(r"(?:\\[0-9A-Fa-f]{2})+", _decoded, value)
    return re.sub(r"\\(.)", r"\1", hexes)


def _decoded(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("\\", "")).decode("utf-8", "replace")


def required_attributes(identity: str) -> dict[str, str]:
    """Read a trusted identity.

    Raises:
        MalformedError: not ``x509.subject:`` and a name with at least C, ST and O; ``*`` too,
            which would trust everybody the authority ever certified.
    """
    if not identity.startswith(PREFIX):
        raise MalformedError(f'a trusted identity starts with "{PREFIX}"')
    wanted = attributes_of(identity.removeprefix(PREFIX).strip())
    if not wanted.keys() >= _MANDATORY:
        raise MalformedError("a trusted identity names at least C, ST and O")
    return wanted


def has_required_attributes(identity: str, identities: tuple[Identity, ...]) -> bool:
    """Whether the certificate's subject has every attribute of the trusted identity."""
    required = required_attributes(identity)
    subject = next((item.value for item in identities if item.type is IdentityType.SUBJECT), "")
    try:
        return required.items() <= attributes_of(subject).items()
    except MalformedError:
        return False
