"""Which kind of secret a value is, by its form, by its name, or by what stands in it."""

from __future__ import annotations

from mlsec.collect.secrets.find import find_secrets, kind_of
from mlsec.core.regex import regex
from mlsec.core.secret_forms import find_forms

_MOST_CHARS = 200_000
_SERVICE_ACCOUNT = regex(r'"type"\s{0,20}:\s{0,20}"service_account"')


def secret_kind(text: str, key: str = "") -> str | None:
    """Name the kind of secret that a string holds, or None.

    Args:
        text: a value or a whole script; only the first 200,000 characters are looked at.
        key: the name it is stored under, which distinguishes a password from a model name.
    """
    text = text[:_MOST_CHARS]
    forms = find_forms(text)
    if forms:
        return forms[0].kind
    if _SERVICE_ACCOUNT.search(text):
        return "google-service-account"
    kind = kind_of(key, text)
    if kind:
        return kind
    spans = find_secrets(text)
    return spans[0].kind if spans else None
