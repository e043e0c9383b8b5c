"""Clean answers before storage: drop server bookkeeping, mask secrets."""

from __future__ import annotations

from typing import Any

from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.masking import Masker
from mlsec.collect.walk.plan import Operation

# Only addresses of a status are read; the rest changes with every heartbeat.
_STATUS = ("loadBalancer", "addresses", "url", "address")
_META = ("managedFields", "resourceVersion", "uid", "generation", "selfLink")
# It repeats the whole object as last applied.
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KEPT_WHOLE = frozenset({"kind", "apiVersion", "namespace"})


class Cleaner:
    """Cleans answers before they are stored; equal texts are checked once."""

    def __init__(self, salt: str) -> None:
        self._masker = Masker(salt)
        self._seen: dict[tuple[str, str], str] = {}

    def __call__(self, operation: Operation, document: Any) -> Any:
        """Give an answer as it is stored."""
        if operation.items != "items" or not isinstance(document, dict):
            return document
        kept = {k: v for k, v in document.items() if k in ("kind", "apiVersion")}
        items = document.get("items")
        kept["items"] = [self._object(item) for item in items] if isinstance(items, list) else items
        return kept

    def _object(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        cleaned = {key: self._value(part, key) for key, part in item.items() if key != "status"}
        meta = cleaned.get("metadata")
        if isinstance(meta, dict):
            for name in _META:
                meta.pop(name, None)
            notes = meta.get("annotations")
            if isinstance(notes, dict):
                notes.pop(_APPLIED, None)
        status = item.get("status")
        if isinstance(status, dict):
            cleaned["status"] = {name: status[name] for name in _STATUS if name in status}
        return cleaned

    def _value(self, value: Any, key: str) -> Any:
        if isinstance(value, str):
            return value if key in _KEPT_WHOLE or len(value) < 8 else self._text(value, key)
        if isinstance(value, list):
            return [self._value(element, key) for element in value]
        if isinstance(value, dict):
            # {name, value} is how variables are written: the name says what the value is.
            named = value.get("name")
            name = named if isinstance(named, str) and "value" in value else ""
            return {
                k: self._value(v, name if k == "value" and name else k) for k, v in value.items()
            }
        return value

    def _text(self, text: str, key: str) -> str:
        known = self._seen.get((key, text))
        if known is None:
            known = self._masked(text, key)
            if len(self._seen) < 200_000:
                self._seen[key, text] = known
        return known

    def _masked(self, text: str, key: str) -> str:
        masked = self._masker.mask(text)
        if masked == text and secret_kind(text, key) is not None:
            # The name says, so it is masked as an assignment to that name would be.
            whole = self._masker.mask(f'{key}="{text}"')
            return whole.removeprefix(f'{key}="').removesuffix('"')
        return masked
