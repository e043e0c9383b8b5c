"""What a recogniser is made of: marks of a product, where its version stands, and its doors."""

from __future__ import annotations

import enum

import msgspec


class Opens(enum.Enum):
    """What a caller may do behind a door."""

    RUN = "run"
    MANAGE = "manage"
    MODEL = "model"
    DATA = "data"
    METRICS = "metrics"
    DOCS = "docs"


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """Something an answer shows. All that is set must hold.

    ``key`` is a dotted path into its JSON that must exist (``0`` is a list's first element);
    ``value`` a pattern for what stands there, ``text`` one for a body that is not JSON, ``header``
    one for ``name: value``. ``status`` empty means a 2xx.
    """

    path: str
    status: tuple[int, ...] = ()
    key: str = ""
    value: str = ""
    text: str = ""
    header: str = ""


class ExposedPath(msgspec.Struct, frozen=True, kw_only=True):
    """A path that a product guards, or should.

    ``open`` (or any of ``also``, of the same path) shows that the caller was let in, ``shut`` that
    it was not where that is not plain from a status of 401 or 403. ``what`` ends the sentence
    "anybody ...".
    """

    opens: Opens
    what: str
    open: Sign
    also: tuple[Sign, ...] = ()
    shut: Sign | None = None

    @property
    def path(self) -> str:
        """Where it is."""
        return self.open.path


class ProductSigns(msgspec.Struct, frozen=True, kw_only=True):
    """A product: any of ``marks`` says it; ``version`` are the places to look, best first.

    ``is_generic``: an interface that many products offer; it counts when no product is reported.
    """

    name: str
    title: str
    marks: tuple[Sign, ...]
    version: tuple[Sign, ...] = ()
    doors: tuple[ExposedPath, ...] = ()
    is_generic: bool = False
