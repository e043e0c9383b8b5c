"""Secrets that stand in a file of code itself: private keys, passwords given as they are, tokens.

Only where no other reader judges them: variables of containers, Python, Dockerfiles and environment
files have readers of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.collect.secrets.find import MARK
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.secrets.plain import is_plain_credential
from mlsec.core.enums import Truth
from mlsec.core.regex import regex
from mlsec.core.secret_forms import VAGUE

# Names under which a private key lies by itself.
_KEY_ENDINGS = (".pem", ".key", ".ppk")
_KEY_NAMES = frozenset({"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"})
_HEAD = regex(
    r"(?m)^-----BEGIN (?P<kind>(?:RSA |EC |DSA |OPENSSH )?)PRIVATE KEY-----\r?\n"
    r"(?P<body>[A-Za-z0-9+/=]{40,})"
)
# In a string of JSON or a block of YAML: Google's key files, exports of servers.
_HELD = regex(
    r"-----BEGIN (?:RSA |EC |DSA )?PRIVATE KEY-----(?:\\[nr]|[\r\n])[ \t\\nr]{0,40}"
    r"[A-Za-z0-9+/=]{40,}"
    r"|[\"']MII[A-P][A-Za-z0-9+/][AQgw]IBA(?:AK|DAN)[A-Za-z0-9+/]{200}"
)
_HELD_WORDS = ("PRIVATE KEY-----", "IBAAK", "IBADAN")
# Only of such a key does the body say whether a passphrase protects it: a cipher named "none".
_OPEN_SSH = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"
_PUTTY = regex(r"(?m)^Encryption: none\r?$")
# Files whose values are settings of what is deployed: a literal there is what is used.
_SETTINGS = frozenset({
    Language.TERRAFORM, Language.TERRAFORM_VALUES, Language.CLOUDFORMATION, Language.ARM,
    Language.BICEP, Language.AZURE_ML, Language.HELM_VALUES,
})  # fmt: skip
# Files in which a token is recognised by its form; in the others only a private key is.
_TOKENS = frozenset({
    Language.TERRAFORM_VALUES, Language.AZURE_ML, Language.CDK_CODE, Language.MODEL_PACKAGE,
    Language.CONDA, Language.SETTINGS,
})  # fmt: skip
_KEYS = _TOKENS | _SETTINGS | {Language.SHELL}
_GIVEN = regex(
    r"[ \t]*(?:-[ \t]+)?(?:param[ \t]+(?P<param>\w{1,80})[ \t]+string[ \t]*=|"
    r"[\"']?(?P<name>[\w.-]{1,80})[\"']?[ \t]*[:=])[ \t]*"
    r"(?P<value>\"[^\"\r\n]{1,200}\"|'[^'\r\n]{1,200}'|[^\s\"'\[{(!&*|>#][^\s\"'(]{0,200})"
    r"[ \t]*,?[ \t\r]*(?:(?:#|//)[^\r\n]*)?"
)
_BEGINS = regex(
    r"[ \t]*(?:variable[ \t]+)?[\"']?(?P<name>[\w.-]{1,80})[\"']?[ \t]*(?::[ \t]*\{?|\{)[ \t\r]*"
)
_PASSWORD = regex(r"(?i)(?:\A|[_.-])(?:password|passwd|passphrase|pwd)\d{0,2}\Z")
_CAMEL = regex(r"[a-z0-9](?:Password|Passwd|Passphrase|Pwd)\d{0,2}\Z")
_PARTS = regex(r"[._-]")
_DEFAULTS = frozenset({"default", "defaultvalue", "value"})
# Languages in which what stands without quotes is an expression.
_QUOTED = frozenset({
    Language.TERRAFORM, Language.TERRAFORM_VALUES, Language.BICEP, Language.ARM,
})  # fmt: skip
# What a mask covers in case: samples of addresses, values that only their name gives away.
_UNSURE = VAGUE | {"sensitive", "password-in-url"}
_COMPOSED = ("$", "{", "}", "<", ">", "[parameters(", "[variables(", "[concat(", "[reference(")


class FileSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that stands on a line of a file; ``what`` says which, without its value."""

    line: int
    kind: str
    what: str


def is_key_name(name: str) -> bool:
    """Whether a file's name (lower case) is one under which private keys lie."""
    return name.endswith(_KEY_ENDINGS) or name in _KEY_NAMES


def is_open_key(text: str) -> bool:
    """Whether a text holds a private key that no passphrase protects."""
    if text.startswith("PuTTY-User-Key-File-"):
        return bool(_PUTTY.search(text))
    for head in _HEAD.finditer(text):
        if head["kind"] != "OPENSSH " or head["body"].startswith(_OPEN_SSH):
            return True
    return False


def holds_open_key(text: str) -> bool:
    """Whether a value of a file of data is a private key that no passphrase protects."""
    return any(word in text for word in _HELD_WORDS) and bool(_HELD.search(text))


def secrets_of(file: CodeFile) -> tuple[FileSecret, ...]:
    """Give the secrets of a file, line by line."""
    if file.language is Language.KEY:
        lines = (n for n, text in enumerate(file.text.split("\n"), start=1) if MARK in text)
        what = "a private key without a passphrase"
        return tuple(FileSecret(line=n, kind="private-key", what=what) for n in lines)[:1]
    passwords = {item.line: item for item in _passwords(file)}
    tokens = {item.line: item for item in _tokens(file)}
    return tuple((tokens | passwords)[line] for line in sorted(tokens | passwords))


def _tokens(file: CodeFile) -> Iterator[FileSecret]:
    if file.language not in _KEYS or MARK not in file.text:
        return
    for number, text in enumerate(file.text.split("\n"), start=1):
        kind = masked_kind(text) if MARK in text else ""
        is_token = file.language in _TOKENS and kind not in _UNSURE
        if kind == "private-key" or (kind and is_token):
            yield FileSecret(line=number, kind=kind, what=f"line {number}: {kind}")


def is_values_name(name: str) -> bool:
    """Whether a file's name (lower case) is one under which the values of a chart lie."""
    return name.endswith((".yaml", ".yml")) and "values" in _PARTS.split(name)


def _passwords(file: CodeFile) -> Iterator[FileSecret]:
    if file.language not in _SETTINGS:
        return
    above = ""
    for number, text in enumerate(file.text.split("\n"), start=1):
        begins = _BEGINS.fullmatch(text)
        if begins is not None:
            above = begins["name"]
            continue
        given = _GIVEN.fullmatch(text) if len(text) < 1_000 else None
        if given is None:
            continue
        name = given["param"] or given["name"]
        name = above if name.lower() in _DEFAULTS else name
        if _is_password(name) and _is_literal(file.language, name, given["value"]):
            yield FileSecret(line=number, kind="generic", what=f"line {number}: {name}")


def _is_password(name: str) -> bool:
    return bool(_PASSWORD.search(name) or _CAMEL.search(name))


def _is_literal(language: Language, name: str, value: str) -> bool:
    """Whether a value is the password itself, and no reference or stand-in."""
    is_quoted = value[0] in "\"'"
    if language in _QUOTED and not is_quoted:
        return False
    bare = value.strip("\"'")
    if MARK in bare:
        return masked_kind(bare) != "sensitive"
    if any(sign in bare for sign in _COMPOSED):
        return False
    return is_plain_credential(name, bare) is Truth.TRUE
