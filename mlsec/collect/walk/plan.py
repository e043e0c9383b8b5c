"""What to ask of a provider, as data: which operation lists a type and which ones describe it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.resource import Resource


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One read operation of a provider's API.

    ``service`` is the SDK's name of the client (``sagemaker``), ``name`` the operation
    (``DescribeModel``), ``action`` the right it needs when that is not ``service:name``
    (``s3:GetEncryptionConfiguration``).
    ``params`` maps a request parameter to a literal or to ``$.path``, a dotted path into the item
    being read (its listing entry first, then earlier reads: ``$.ModelName``,
    ``$.DescribeModel.Containers``), or ``$parent.path`` into the parent's item; also ``$account``,
    ``$region`` and ``$id`` (the item's canonical id). Lists and mappings are searched through, so
    ``{"ids": ["$.id"]}`` works. A list of bare strings gives items ``{"value": string}``.
    ``items`` is the dotted path of the list in the answer; "" when the answer is the item.
    ``not_set`` are the provider's error codes that say "nothing is configured": the answer is then
    {}, a known absence and no gap. Where a code says other things as well, the beginning of its
    message stands behind it (``ValidationException: Cannot find resource policy``).
    ``gone`` are the codes, written so too, that say "there is no such thing". What is asked about
    was listed before, so this is a gap: what it was like is not known.
    ``redact`` are dotted paths ([] for each list element, * for each key, *^a^b for each key but
    a and b) of values that may hold secrets: they are replaced by kind, hash, length and last
    characters before they are stored. At the end of a path ``~markup`` says that the value is XML:
    its tags are kept, its texts and nearly all attribute values are not.
    ``only_if`` maps a path (as in params) to the values for which the read is made at all; else the
    part is a known absence {} (say why in a comment).
    ``unless`` is the opposite: the values for which it is not made.
    ``is_global``: asked once per account, in the partition's home region.
    """

    service: str
    name: str
    action: str = ""
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)
    items: str = ""
    not_set: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    only_if: Mapping[str, tuple[Any, ...]] = msgspec.field(default_factory=dict)
    unless: Mapping[str, tuple[Any, ...]] = msgspec.field(default_factory=dict)
    is_global: bool = False

    @property
    def right(self) -> str:
        """The action a least-privilege policy must allow."""
        return self.action or f"{self.service}:{self.name}"

    @property
    def label(self) -> str:
        """``service:Operation`` as gaps and evidence show it."""
        return f"{self.service}:{self.name}"


def says(codes: Iterable[str], code: str, detail: str) -> bool:
    """Whether an error is one of these: by its code, or by its code and how its message begins."""
    return any(code == known or (": " in known and detail.startswith(known)) for known in codes)


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """A search that returns many items whole, so that most need no describe call.

    Items found here stand for the answer of ``stands_for``; an item of the listing that is missing
    here (the index lags) is described one by one, and so are all when the search is refused.
    ``key`` is the path in a search item and in a listing item that must be equal.
    ``item`` is the dotted path from an element of the search's list to the item itself
    (``Model.Model``); "" when the element is the item.
    """

    operation: Operation
    stands_for: str
    key: str
    item: str = ""


class TypePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How one vocabulary type is read.

    ``listing`` enumerates it (None for ``per``: one resource per ``region`` or ``scope``, such as
    an account-wide setting). ``parent`` is the vocabulary type whose every item is listed below.
    ``reads`` are made per item, in order. ``is_referred`` types (buckets, keys, repositories ...)
    get their reads only for items that a relation of another collected resource names; the others
    are counted as excluded.
    ``region`` is a path into the listing entry that names the region an item lives in, for listings
    that are global (``BucketRegion``): its reads go there.
    ``tags_as`` is this type's filter in the provider's bulk tag listing (``sagemaker:endpoint`` or
    ``sagemaker`` in GetResources' ResourceTypeFilters). The entry whose ARN is the item's id is
    then its part ``GetResources`` (``{"Tags": []}`` when the listing was read and does not have
    it), so the vocabulary reads ``tags: {type: map, from: {api: "GetResources:Tags"}, absent: {}}``
    and no tag call per resource is made. Lists of Key/Value pairs become maps by themselves.
    ``window_days``: only items whose listing entry says (at ``dated_by``) that they were made
    within so many days before the collection began get their reads; the older ones are excluded
    with that reason. 0 means all. For kinds that pile up for ever, such as finished jobs.
    ``only`` maps a path into the listing entry to the values that make it this type, ``but`` to
    those that make it another: for one listing that holds several types. An entry that does not
    say what it is hides something of each of them.
    ``inside`` is a path into the parent's item (``$.identity.principalId``) where this type's
    entries already stand, one value or a list: no call is made, and the entry is the part
    ``inside``.
    ``left_out`` is why every entry of this listing is only counted: for a second listing of a type,
    such as what is deleted and can still be restored.
    """

    type: str
    listing: Operation | None = None
    per: str = ""
    parent: str = ""
    reads: tuple[Operation, ...] = ()
    bulk: Bulk | None = None
    is_referred: bool = False
    region: str = ""
    tags_as: str = ""
    window_days: int = 0
    dated_by: str = "CreationTime"
    only: Mapping[str, tuple[Any, ...]] = msgspec.field(default_factory=dict)
    but: Mapping[str, tuple[Any, ...]] = msgspec.field(default_factory=dict)
    inside: str = ""
    left_out: str = ""

    @property
    def is_below(self) -> bool:
        """Whether it is found with each item of its parent."""
        return bool(self.parent) and (self.listing is not None or bool(self.inside))

    @property
    def is_global(self) -> bool:
        """Whether its listing is asked once per account."""
        return self.listing is not None and self.listing.is_global


class Referred(msgspec.Struct, frozen=True, kw_only=True):
    """Which types of a provider count only where something of ML refers to them.

    ``named`` gives those among the second resources that the first make ML data in another way:
    by what a role is allowed, or a port that is opened. It is asked of code alone, which declares
    both.
    """

    types: frozenset[str] = frozenset()
    named: Callable[[Iterable[Resource], Iterable[Resource]], list[Resource]] | None = None
