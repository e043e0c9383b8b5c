"""The identity that a policy asks of a signer, and patterns that are not safe to trust by."""

from __future__ import annotations

import re
import warnings

import msgspec

from mlsec.core.linear_regex import linear_regex
from mlsec.signing.verdicts.verdict import MAX_IDENTITY_CHARS, Identity, IdentityType

MAX_PATTERN_CHARS = 300


class IdentityRule(msgspec.Struct, frozen=True, kw_only=True):
    """The name a signer must have: exactly ``value``, or in full as the ``pattern`` says.

    ``type`` None leaves open what kind of name it is (Sigstore certificates have but one).
    """

    value: str = ""
    pattern: str = ""
    type: IdentityType | None = None

    def text(self) -> str:
        """Write the rule as a person reads it."""
        kind = f"{self.type.value}:" if self.type else ""
        return f"{kind}{self.value}" if self.value else f"{kind}/{self.pattern}/"

    def find(self, identities: tuple[Identity, ...]) -> Identity | None:
        """Return the first identity that fits, None where none does."""
        return next((identity for identity in identities if self._fits(identity)), None)

    def _fits(self, identity: Identity) -> bool:
        if self.type is not None and identity.type is not self.type:
            return False
        if self.value:
            return identity.value == self.value
        if len(identity.value) > MAX_IDENTITY_CHARS or not self.pattern:
            return False
        text = identity.value.encode("utf-8", "surrogatepass")
        return linear_regex(self.pattern).fullmatch(text) is not None


def pattern_problem(pattern: str, kind: IdentityType | None = None) -> str:
    """Say why a pattern for a name of this kind is not safe to trust by, or "".

    A pattern is refused when it matches anything, leaves a dot of a host unescaped, leaves open
    what the name begins with, or is not one for both Python and RE2, which matches it.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        return f"longer than {MAX_PATTERN_CHARS} characters"
    try:
        # What Python may read in another way one day is not to be trusted by either.
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
        linear_regex(pattern)
    except (re.error, RecursionError, OverflowError, Warning, ValueError) as error:
        return f"no regular expression: {error}"
    if re.search(r"\(\?(?!:)|\\[1-9]", pattern):
        return "look-around, flags, named groups and back references are not taken"
    if re.search(r"\)[*+{]", pattern):
        return "a group must not be repeated"
    if re.search(r"(?<!\\)(?:\.[*+]|\[[^\]]*\][*+]).*(?<!\\)(?:\.[*+]).*(?<!\\)\.[*+]", pattern):
        return "more than two open ends"
    if "|" in re.sub(r"\([^()]*\)|\\.", "", pattern):
        return "an alternative outside of a group splits the whole pattern"
    fixed = re.sub(r"(?<!\\)\.[*+]\??|\^|\$", "", pattern)
    if len(re.sub(r"\W", "", fixed)) < 4:
        return "it names nothing, so it would trust anyone"
    return _mistake_in_host(pattern, kind)


def _mistake_in_host(pattern: str, kind: IdentityType | None) -> str:
    # In a class a dot is a dot, and a slash may be written with a backslash.
    plain = re.sub(r"\[[^\]]*\]", "", pattern).replace("\\/", "/").replace("\\:", ":")
    hosts = re.findall(r"://(?=([^/]*))", plain)
    if not hosts and kind in (None, IdentityType.EMAIL):
        hosts = re.findall(r"@(?=([^/]*))", plain)
    elif kind is IdentityType.DNS:
        hosts = [re.sub(r"\A\^?\.[*+](?=\\\.)", "", plain)]  # any name below a host
    if any(re.search(r"(?<!\\)\.", host) for host in hosts):
        return r"a dot in the host stands for any character; write \."
    if kind in (None, IdentityType.URI) and re.match(r"[\^(?:]*\.[*+](?!@)", plain):
        return "it leaves open what the name begins with, so anyone could have one that fits"
    return ""
