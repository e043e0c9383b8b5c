"""Secrets in text are masked where they stand: the same lines, the same syntax, no value."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator

from mlsec.collect.secrets.find import MARK, find_secrets, kind_of
from mlsec.core.regex import regex
from mlsec.core.secret_forms import VAGUE, find_forms

_MARKED = regex(rf"{MARK}-([a-z0-9-]{{1,60}})-([0-9a-f]{{12}})-([0-9]+)")
_REMEMBERED = 200_000
_LONGEST_REMEMBERED = 4096


class Masker:
    """Masks with a keyed hash: equal secrets are equal inside one snapshot and nowhere else.

    ``sensitive`` are the variables of Terraform that its code marks so.
    """

    def __init__(self, salt: str, sensitive: frozenset[str] = frozenset()) -> None:
        self.sensitive = sensitive
        self._key = hash_key(salt)
        self._seen: dict[tuple[str, str], str] = {}

    def mask(self, text: str, *, name: str = "", is_quoted: bool = False) -> str:
        """Give the text with the value of every secret replaced; no line is added or taken away.

        Args:
            text: a value, or a file in any language.
            name: what it stands under, where that is known.
            is_quoted: in this language what stands without quotes is an expression, not a value.
        """
        parts, at = [], 0
        for span in find_secrets(text, name=name, is_quoted=is_quoted):
            secret = text[span.start : span.end]
            parts += [text[at : span.start], self.marker(secret, span.kind), _breaks(secret)]
            at = span.end
        return "".join([*parts, text[at:]]) if parts else text

    def mask_value(self, text: str, name: str) -> str:
        """Give a whole value that stands under a name, masked whole or where it holds a secret."""
        known = self._seen.get((name, text))
        if known is None:
            kind = self._kind(name, text)
            known = self.marker(text, kind) if kind else self.mask(text, name=name)
            if len(text) <= _LONGEST_REMEMBERED and len(self._seen) < _REMEMBERED:
                self._seen[name, text] = known
        return known

    def _kind(self, name: str, text: str) -> str:
        """Name the kind of a value that is a secret as a whole, "" for any other value."""
        kind = kind_of(name, text) if MARK not in text else ""
        forms = find_forms(text) if kind in VAGUE else []
        return forms[0].kind if forms else kind

    def mask_spans(self, text: str, spans: Iterable[tuple[int, int]]) -> str:
        """Give the text with what stands at these places replaced, quotes aside."""
        parts, at = [], 0
        for start, end in spans:
            value = text[start:end]
            quote = value[0] if len(value) > 1 and value[0] == value[-1] in "\"'" else ""
            bare = value[1:-1] if quote else value
            if bare and MARK not in bare:
                parts += [text[at:start], quote, self.marker(bare, "sensitive"), quote]
                at = end
        return "".join([*parts, text[at:]])

    def mask_texts(self, text: str, texts: Iterable[str]) -> str:
        """Give JSON text with these values replaced; keys stay, whatever they read."""
        written = {form: text_ for text_ in texts for form in _json_forms(text_)}
        if not written:
            return text
        longest = sorted(written, key=len, reverse=True)
        form = re.compile(f"(?:{'|'.join(map(re.escape, longest))})(?!\\s*:)")
        return form.sub(lambda match: f'"{self.marker(written[match.group()], "sensitive")}"', text)

    def marker(self, value: str, kind: str) -> str:
        """Give what stands for a secret."""
        return f"{MARK}-{kind}-{keyed_hash(self._key, value)[:12]}-{len(value)}"


def hash_key(salt: str) -> bytes:
    """Derive the key of all hashes of one snapshot from its salt."""
    return hashlib.sha256(b"mlsec redaction/1 " + salt.encode()).digest()


def keyed_hash(key: bytes, value: str) -> str:
    """Give the hash by which equal secrets are recognised, 64 hexadecimal digits."""
    return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _breaks(secret: str) -> str:
    return "\n" * secret.count("\n")


def _json_forms(text: str) -> Iterator[str]:
    """Give how JSON may write a text: as it is, in ASCII, and as Go's encoder does."""
    for is_ascii in (False, True):
        form = json.dumps(text, ensure_ascii=is_ascii)
        yield form
        yield form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def masked_kind(text: str) -> str:
    """Name the kind of secret whose mask stands in a text, "" for none."""
    match = _MARKED.search(text)
    return match.group(1) if match else ""
