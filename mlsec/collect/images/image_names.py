"""What the address of a container image says: its digest, its tag and its registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsec.core.regex import regex

_DIGEST = regex(r"@(sha256:[0-9a-f]{64})\Z")
# Source: the grammar of references of the OCI distribution, without its lengths; what code leaves
# open in an address stands in ‹›.
_REFERENCE = regex(r"[A-Za-z0-9‹][\w.:/@+‹›-]*\Z")


def is_image_reference(raw: Any) -> bool:
    """Whether a text can be the address of an image; a placeholder or a template cannot."""
    return isinstance(raw, str) and _REFERENCE.match(raw.strip()) is not None


# What an address ends with where only what stands before its name is left open.
_NAME_AND_TAG = regex(r"/[a-z0-9][a-z0-9._-]{0,127}:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")


def of_tagged(read: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """Make a reader of tags take an address as well whose registry or owner is a placeholder."""
    strict = of_reference(read)
    return lambda raw: (read if _NAME_AND_TAG.search(str(raw)) else strict)(raw)


def of_reference(read: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """Make a reader of addresses refuse any other text: what would be pulled is not known then."""

    def checked(raw: Any) -> str | None:
        if raw and not is_image_reference(raw):
            raise ValueError(f"no address of an image: {str(raw)[:60]}")
        return read(raw)

    return checked


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
