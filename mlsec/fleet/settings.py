"""How a target of the configuration is collected, as the settings of one collection."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from mlsec.collect.settings import DEFAULT_ROLE, CollectSettings
from mlsec.core.content_paths import content_folder
from mlsec.fleet.config import Target, salt_of_organisation
from mlsec.fleet.pieces import Task
from mlsec.vocabulary.load import load_vocabulary
from mlsec.vocabulary.types import Vocabulary


@functools.cache
def shipped_vocabulary() -> Vocabulary:
    """Give the vocabulary, read once in a process."""
    return load_vocabulary(content_folder("rules") / "vocabulary")


def settings_of(target: Target, scratch: Path, *, is_walked: bool = True) -> CollectSettings:
    """Give the settings of a whole target.

    Reading the vocabulary is a third of what a small unit costs, and only a walk needs it.

    Raises:
        MlsecError: the organisation has no salt.
    """
    named = target.organisation if isinstance(target.organisation, str) else ""
    return CollectSettings(
        vocabulary=shipped_vocabulary() if is_walked else Vocabulary(types={}, digest=""),
        profile=target.aws_profile,
        role_arns=target.role_arn,
        external_id=target.external_id,
        is_organisation=bool(target.organisation),
        in_flight=target.in_flight,
        tries=target.tries,
        deadline_s=target.deadline,
        start_per_s=target.max_rps,
        hash_salt=salt_of_organisation(),
        has_configmaps=target.configmaps,
        is_private_probed=target.probe_private,
        excluded=target.exclude,
        cache=scratch / "inspections.sqlite",
        role_name=named or DEFAULT_ROLE,
    )


def settings_of_part(target: Target, task: Task, scratch: Path) -> CollectSettings:
    """Give the settings of one unit's part of a target.

    Raises:
        MlsecError: the organisation has no salt.
    """
    return msgspec.structs.replace(
        settings_of(target, scratch, is_walked=not task.questions),
        role_arns=(task.role_arn,) if task.role_arn else (),
        is_organisation=False,
        is_part=True,
        within=task.within,
    )
