"""Frameworks: their controls, and what rules can and cannot test of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from mlsec.core.enums import Automation, FrameworkKind
from mlsec.core.errors import UsageError
from mlsec.core.suggestions import did_you_mean


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """One control. ``title`` is "" where the licence allows ids only.

    ``tests`` says what the rules show of it (that which ``needed`` test, where the file has no own
    words), ``does_not_test`` what they cannot. ``needed`` are the
    objectives that must all be tested and hold before there is evidence for it; empty means every
    objective that links to it. ``automation`` None means partial where a rule or an objective links
    to it, else manual.
    """

    title: str = ""
    automation: Automation | None = None
    tests: str = ""
    does_not_test: str = ""
    needed: tuple[str, ...] = ()


class Framework(msgspec.Struct, frozen=True, kw_only=True):
    """One framework. ``controls`` maps a control id to its record, in the order of the standard.

    Empty ``providers`` means every provider. ``profiles`` maps a name to the ids of its controls.
    ``version`` is the edition, ``source`` where the ids come from.
    """

    id: str
    title: str
    kind: FrameworkKind
    version: str = ""
    licence: str = ""
    source: str = ""
    providers: tuple[str, ...] = ()
    profiles: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    controls: Mapping[str, Control] = msgspec.field(default_factory=dict)


def choose_framework(frameworks: Iterable[Framework], name: str) -> Framework:
    """Give the framework ``NAME``, or of ``NAME:PROFILE`` only the controls of that profile.

    Raises:
        UsageError: there is no such framework, or it has no such profile.
    """
    known = {framework.id: framework for framework in frameworks}
    framework_id, _, profile = name.partition(":")
    if framework_id not in known:
        raise UsageError(
            f'unknown framework "{framework_id}"{did_you_mean(framework_id, known)}',
            hint=f"one of {', '.join(sorted(known)) or 'none: the catalogue is not here'}",
        )
    framework = known[framework_id]
    if not profile:
        return framework
    if profile not in framework.profiles:
        raise UsageError(
            f'{framework_id} has no profile "{profile}"{did_you_mean(profile, framework.profiles)}',
            hint=f"one of {', '.join(framework.profiles) or 'none'}",
        )
    chosen = frozenset(framework.profiles[profile])
    return msgspec.structs.replace(
        framework,
        title=f"{framework.title}, {profile}",
        profiles={profile: framework.profiles[profile]},
        controls={name: item for name, item in framework.controls.items() if name in chosen},
    )
