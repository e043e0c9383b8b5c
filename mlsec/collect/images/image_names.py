"""What the address of a container image says: its digest, its tag and its registry."""

from __future__ import annotations

from typing import Any

from mlsec.core.regex import regex

_DIGEST = regex(r"@(sha256:[0-9a-f]{64})\Z")


def image_digest(raw: Any) -> str | None:
    """Give the ``sha256:...`` that pins an image; None when it is not pinned."""
    match = _DIGEST.search(str(raw)) if raw else None
    return match.group(1) if match else None


def image_tag(raw: Any) -> str | None:
    """Give an image's tag: ``latest`` without tag and digest, None with a digest only."""
    if not raw:
        return None
    address, _, digest = str(raw).partition("@")
    _, colon, tag = address.rpartition("/")[2].partition(":")
    if colon:
        return tag
    return None if digest else "latest"


def registry_host(raw: Any) -> str | None:
    """Give the registry of an image address; ``docker.io`` where none is written."""
    if not raw:
        return None
    first, slash, _ = str(raw).partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return first if is_host else "docker.io"
