"""Whether a readable value under the name of a secret is one: defaults, short ones, stand-ins."""

from __future__ import annotations

from mlsec.collect.secrets.default_passwords import is_published
from mlsec.collect.secrets.find import MEANT, kind_of
from mlsec.collect.secrets.names import Says, name_says
from mlsec.collect.secrets.values import COMPOSED, ELSEWHERE, STANDS_IN
from mlsec.core.enums import Truth
from mlsec.core.placeholders import is_filled_in_later, is_name_of_key
from mlsec.core.regex import regex

_PASSWORD = regex(r"(?i)(?:password|passwd|passphrase|passwort)\d*\Z")
_SWITCH = frozenset({"0", "1"})


def is_plain_credential(name: str, value: str) -> Truth:
    """Whether a value is a credential: one that is easily guessed is one.

    Unknown for what stands in for a value: whether the real one takes its place, and from where,
    does not stand there. No for references, and for names that say nothing of a secret.
    """
    says = name_says(name)
    if not (says is Says.PASSWORD or (says is Says.TOKEN and MEANT.search(name))):
        return Truth.FALSE
    if not value or ELSEWHERE.match(value) or COMPOSED.search(value):
        return Truth.FALSE
    if STANDS_IN.match(value) or is_filled_in_later(value) or is_name_of_key(name, value):
        return Truth.UNKNOWN
    is_password = _PASSWORD.search(name) and value not in _SWITCH and " " not in value
    is_certain = is_password or is_published(value) or kind_of(name, value)
    return Truth.TRUE if is_certain else Truth.UNKNOWN
