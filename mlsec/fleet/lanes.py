"""How many units may ask the same thing at once, where the configuration does not say."""

from __future__ import annotations

from collections.abc import Mapping

# By the kind of a lane, which is its name up to the first slash: an account of AWS has limits of
# its own; a tenant of Azure, a quota project of Google Cloud and a disk are shared by many units.
DEFAULT_SLOTS: Mapping[str, int] = {
    "aws": 1,
    "azure": 8,
    "gcp": 8,
    "kubernetes": 1,
    "files": 8,
    "s3": 8,
    "gs": 8,
    "az": 8,
    "probe": 8,
    "discover": 4,
    "judge": 1,
}
