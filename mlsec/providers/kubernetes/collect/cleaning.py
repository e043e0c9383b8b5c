"""Clean answers before storage: drop server bookkeeping, mask secrets."""

from __future__ import annotations

from typing import Any

from mlsec.collect.secrets.screen import Screen
from mlsec.collect.walk.plan import Operation

# Only addresses of a status are read; the rest changes with every heartbeat.
_STATUS = ("loadBalancer", "addresses", "url", "address")
_META = ("managedFields", "resourceVersion", "uid", "generation", "selfLink")
# It repeats the whole object as last applied.
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KEPT_WHOLE = ("kind", "apiVersion")


class Cleaner:
    """Cleans answers before they are stored."""

    def __init__(self, salt: str) -> None:
        self._screen = Screen(salt)

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
        cleaned = {
            key: part if key in _KEPT_WHOLE else self._screen.document(part, key)
            for key, part in item.items()
            if key != "status"
        }
        meta = cleaned.get("metadata")
        if isinstance(meta, dict):
            for name in _META:
                meta.pop(name, None)
            notes = meta.get("annotations")
            if isinstance(notes, dict):
                notes.pop(_APPLIED, None)
        status = item.get("status")
        if isinstance(status, dict):
            cleaned["status"] = self._screen.document(
                {name: status[name] for name in _STATUS if name in status}
            )
        return cleaned
