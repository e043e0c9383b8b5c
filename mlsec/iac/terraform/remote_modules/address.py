"""Where a module call takes its module from: an address without version, and which releases."""

from __future__ import annotations

import msgspec

from mlsec.core.regex import regex
from mlsec.iac.terraform.remote_modules.releases import Releases, allowed, exactly

_REGISTRY = regex(r"(?:registry\.(?:terraform\.io|opentofu\.org)/)?([\w-]+/[\w-]+/[\w-]+)\Z")
_GIT = regex(
    r"(?:git::)?(?:https://|ssh://git@|git@)?(github\.com|gitlab\.com|bitbucket\.org)[/:]"
    r"([\w.-]+/[\w.-]+?)(?:\.git)?\Z"
)
_TAG = regex(r"(?:refs/tags/)?v?([0-9]+\.[0-9]+\.[0-9]+)\Z")


class RemoteAddress(msgspec.Struct, frozen=True, kw_only=True):
    """``key`` is the address as adapters name it; ``releases`` None where the call does not say."""

    key: str
    releases: Releases | None


def remote_address(source: str, version: str) -> RemoteAddress | None:
    """Read a module call's ``source`` and ``version``; None for an address of another form.

    Source: the documentation of Terraform, "Module Sources": a registry's NAMESPACE/NAME/PROVIDER,
    or a git repository with ``?ref=``; ``//`` begins a folder inside of either.
    """
    plain, _, query = source.partition("?")
    scheme, has_scheme, rest = plain.partition("://")
    place, _, folder = (rest if has_scheme else plain).partition("//")
    place = f"{scheme}://{place}" if has_scheme else place
    below = f"//{folder.strip('/')}" if folder else ""
    registry = _REGISTRY.match(place)
    if registry is not None and not query:
        return RemoteAddress(key=registry[1] + below, releases=allowed(version))
    git = _GIT.match(place)
    if git is None:
        return None
    ref = next((item[4:] for item in query.split("&") if item.startswith("ref=")), "")
    tag = _TAG.match(ref)
    return RemoteAddress(
        key=f"{git[1]}/{git[2]}".lower() + below, releases=exactly(tag[1]) if tag else None
    )
