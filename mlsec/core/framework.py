"""Frameworks: their controls, and what rules can and cannot test of each."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.core.enums import Automation, FrameworkKind


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
