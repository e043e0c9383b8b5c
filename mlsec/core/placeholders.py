"""Values that stand for a secret which somebody has yet to fill in."""

from __future__ import annotations

from mlsec.core.regex import regex

# No secret that is drawn by chance holds any of these.
_FILLED = regex(
    r"[xX]{8}|\*{6}|0{12}|\.{6}|EXAMPLE|(?i:your[-_]|[-_]your|placeholder|change[-_]?me|replace[-_]?me"
    r"|redacted|[-_](?:goes[-_])?here\b)"
)
# MY_API_KEY_VAL, CHANGE_THIS_PASSWORD: the name of a value in place of the value.
_NAME = regex(r"[A-Z]{2,}(?:_[A-Z]{2,}){1,8}")
_OF_NAMES = frozenset(
    """VAL VALUE KEY TOKEN SECRET PASSWORD PASS PASSWD PWD CREDENTIAL CREDENTIALS PLACEHOLDER YOUR
    CHANGE REPLACE INSERT ENTER HERE EXAMPLE""".split()  # noqa: SIM905
)

_BETWEEN_WORDS = regex(r"[_-]+")


def is_filled_in_later(value: str) -> bool:
    """Whether a value shows by itself that it is a placeholder: xxxx, EXAMPLE, A_NAME."""
    if _FILLED.search(value):
        return True
    return bool(_NAME.fullmatch(value)) and not _OF_NAMES.isdisjoint(value.split("_"))


def is_name_of_key(name: str, value: str) -> bool:
    """Whether a value only names what belongs there: a key that others issue is never a name.

    ``nvidiaapikey`` is the name of an API key, whoever issues the one that is wanted; any other
    value has to be the name that it stands under, written in whatever way.
    """
    folded = _BETWEEN_WORDS.sub("", name).lower()
    said = _BETWEEN_WORDS.sub("", value).lower()
    if said.endswith("placeholder"):
        return True
    if not folded.endswith(("apikey", "token")):
        return False
    is_one_word = value.isascii() and value.isalpha() and value.islower()
    return said == folded or (is_one_word and said.endswith("apikey"))
