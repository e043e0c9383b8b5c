"""What a collection is given: the vocabulary it maps to, who to be, how hard to try."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from mlsec.collect.folders.entry import Within
from mlsec.vocabulary.types import Vocabulary

Progress = Callable[[int, int, str], None]
# What AWS Organizations names the role that it makes in new accounts.
DEFAULT_ROLE = "OrganizationAccountAccessRole"


class CollectSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one collection. Zero or empty means the provider's default.

    ``role_arns`` are assumed with ``external_id``, one account each; ``is_organisation`` walks all
    accounts of the organisation and assumes the role named ``role_name`` in each (on Azure the
    management group of that name, on Google Cloud what lies below the folder of that name).
    ``cache`` remembers what was read of objects in buckets; None reads all anew.
    ``has_digests`` hashes every model file on disk, for the bill of materials.
    ``trust`` is the policy that signatures of model files are checked against.
    ``is_private_probed`` lets a probe ask names that mean addresses inside a network.
    ``checkov`` is the program to run over folders besides, ``checkov_json`` what it said before.
    ``deadline_s`` is for the whole collection: what was not asked by then is a gap.
    ``has_configmaps`` reads the config maps of a cluster too, with what looks secret masked.
    ``is_sandbox_required`` reads no file in a process that is not confined by the system.
    ``in_use`` are the files that this run works in, which are no target; ``written`` those that it
    replaces at its end, which are read like any other until then. Of both, the links in the folder
    are resolved, and the last name is as it stands.
    ``excluded`` are patterns of paths in a folder that are left out, and counted as such.
    ``is_trial`` asks each service one question, in one region, and reads one page of the answer.
    ``is_part``: the target is one scope of several that are collected apart and joined; what is
    asked once for all of them is left to ``find_parts``. Of a bucket, only what lies ``within``.
    """

    vocabulary: Vocabulary
    profile: str = ""
    role_arns: tuple[str, ...] = ()
    external_id: str = ""
    is_organisation: bool = False
    role_name: str = DEFAULT_ROLE
    in_flight: int = 64
    tries: int = 8
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 20.0
    call_deadline_s: float = 120.0
    deadline_s: float = 0.0
    max_pages: int = 5000
    start_per_s: float = 60.0
    hash_salt: str = ""
    trust: Path | None = None
    has_digests: bool = False
    cache: Path | None = None
    is_private_probed: bool = False
    checkov: str = ""
    checkov_json: Path | None = None
    has_configmaps: bool = False
    is_sandbox_required: bool = False
    written: frozenset[str] = frozenset()
    in_use: frozenset[str] = frozenset()
    excluded: tuple[str, ...] = ()
    is_trial: bool = False
    is_part: bool = False
    within: Within = Within.ALL


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a live client tries. ``deadline_s`` is for the whole collection, 0 for none."""

    in_flight: int = 64
    tries: int = 8
    call_deadline_s: float = 120.0
    deadline_s: float = 0.0
    max_pages: int = 5000
    start_per_s: float = 60.0


def live_settings(settings: CollectSettings) -> LiveSettings:
    """Give what a live client needs to know of the settings of a collection."""
    return LiveSettings(
        in_flight=settings.in_flight,
        tries=min(settings.tries, 2) if settings.is_trial else settings.tries,
        call_deadline_s=settings.call_deadline_s,
        deadline_s=settings.deadline_s,
        max_pages=1 if settings.is_trial else settings.max_pages,
        start_per_s=settings.start_per_s,
    )
