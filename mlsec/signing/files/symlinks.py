"""Symbolic links inside a model, resolved by name and never beyond its folder."""

from __future__ import annotations

import posixpath

from mlsec.signing.files.listing import Kind, Listing

MAX_HOPS = 8


def internal_links(listing: Listing) -> dict[str, str]:
    """Return the links that end at a regular file of the same model: path -> path of that file.

    A link that is absolute, leaves the folder on the way, passes through a linked folder or goes
    in circles is not among them.
    """
    links = {entry.path: entry.link for entry in listing.entries if entry.kind is Kind.SYMLINK}
    files = listing.files()
    targets = {path: _target(path, links) for path in links}
    return {path: target for path, target in targets.items() if target in files}


def _target(path: str, links: dict[str, str]) -> str:
    for _ in range(MAX_HOPS):
        link = links.get(path)
        if link is None:
            return path
        if link.startswith("/") or not link:
            return ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
        if path.startswith("../"):
            return ""
    return ""
