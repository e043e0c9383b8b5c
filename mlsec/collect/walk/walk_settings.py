"""What a provider brings along for the walk over its plans."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

import msgspec

from mlsec.collect.walk.listing import Tagging
from mlsec.collect.walk.mapping import Canon, Shapes
from mlsec.collect.walk.plan import TypePlan


class WalkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider brings along. ``began_at`` is when the collection began (windows count back
    from there); ``progress`` is called with (done, known, what) after every job. ``release`` is
    called with the names of scopes that are asked nothing for a while, so that what was opened for
    them can be closed; they may be asked again.
    """

    plans: tuple[TypePlan, ...]
    shapes: Shapes
    canon: Canon = Canon()
    tagging: Tagging | None = None
    began_at: datetime.datetime
    progress: Callable[[int, int, str], None] | None = None
    release: Callable[[Iterable[str]], None] | None = None
