"""Version constraints of Terraform as the releases from one to before another."""

from __future__ import annotations

import msgspec

from mlsec.core.regex import regex
from mlsec.vocabulary.module_adapters import Release

_ONE = regex(
    r"\A\s*+(~>|>=|<=|!=|>|<|=)?\s*+v?([0-9]{1,6})(?:\.([0-9]{1,6}))?(?:\.([0-9]{1,6}))?\s*+\Z"
)
_FIRST: Release = (0, 0, 0)


class Releases(msgspec.Struct, frozen=True):
    """The releases from ``since`` to before ``below``; None: there is no last one."""

    since: Release
    below: Release | None

    @property
    def major(self) -> int | None:
        """The major version that all of them have, None where they differ."""
        last = self.below
        if last is None:
            return None
        is_one = last[0] == self.since[0] or last == (self.since[0] + 1, 0, 0)
        return self.since[0] if is_one else None

    @property
    def minor(self) -> int | None:
        """The minor version that all of them have, None where they differ."""
        last, first = self.below, self.since
        is_one = last is not None and (last[:2] == first[:2] or last == (first[0], first[1] + 1, 0))
        return first[1] if is_one else None

    def has(self, release: Release) -> bool:
        """Whether a release is among them."""
        return self.since <= release and (self.below is None or release < self.below)


def exactly(version: str) -> Releases | None:
    """Give the one release that a version of three numbers names."""
    return allowed(f"= {version}")


def allowed(constraint: str) -> Releases | None:
    """Give what a constraint allows; None for none, and for what is not understood.

    Source: the documentation of Terraform, "Version Constraints".
    """
    since, below = _FIRST, None
    for part in constraint.split(",") if constraint.strip() else ():
        match = _ONE.match(part)
        if match is None:
            return None
        low, high = _range(match[1] or "=", match[2], match[3], match[4])
        since = max(since, low)
        below = high if below is None or (high is not None and high < below) else below
    return Releases(since, below) if constraint.strip() else None


def _range(operator: str, *texts: str | None) -> tuple[Release, Release | None]:
    """Give the first release that one part allows, and the first after them that it does not."""
    numbers = [int(text) for text in texts if text is not None]
    first, second, third = (*numbers, 0, 0)[:3]
    here, after = (first, second, third), (first, second, third + 1)
    match operator:
        case "=":
            return here, after
        case ">=":
            return here, None
        case ">":
            return after, None
        case "<":
            return _FIRST, here
        case "<=":
            return _FIRST, after
        case "~>":
            is_minor = len(numbers) == 3
            return here, (first, second + 1, 0) if is_minor else (first + 1, 0, 0)
        case _:
            return _FIRST, None  # one release less changes nothing that is known of the others
