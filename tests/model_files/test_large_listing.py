"""A listing of any length: what is kept is bounded, all is counted, and where it ends is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mlsec.collect.folders.entry import Bucket, Listing, Within
from mlsec.collect.folders.local import LocalStore
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.fleet.discovery.buckets import Area, areas_of
from mlsec.model_files.buckets import paging
from mlsec.model_files.stores import BUCKETS, open_store
from mlsec.vocabulary.types import Vocabulary
from tests.model_files.fake_stores import Answer, serve
from tests.model_files.generated_stores import TARGETS, Generated, Names, environment

SETTINGS = CollectSettings(vocabulary=Vocabulary(types={}, digest=""), tries=1)
KINDS = pytest.mark.parametrize("kind", sorted(BUCKETS))
PAGE, PAGES = 10, 10


@contextmanager
def served(
    kind: str, monkeypatch: pytest.MonkeyPatch, count: int = PAGE * PAGES, **names: int
) -> Iterator[tuple[Bucket, Generated]]:
    generated = Generated(kind, Names(count, **names), PAGE)
    with serve(generated) as url:
        for name, text in environment(kind, url).items():
            monkeypatch.setenv(name, text)
        store = open_store(TARGETS[kind], SETTINGS)
        assert not isinstance(store, LocalStore)
        yield store, generated


def why(listing: Listing) -> str:
    assert not listing.is_complete
    (skipped,) = listing.skipped
    return skipped.why


@KINDS
def test_pages_are_listed_to_the_end_and_only_names_that_speak_are_kept(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(kind, monkeypatch, every=25) as (store, generated):
        store.most_objects = 12
        listing = store.listing()
    assert generated.pages == PAGES
    assert [entry.path for entry in listing.entries if entry.path.endswith(".safetensors")] == [
        f"p{number:03d}/part-{number:09d}.safetensors" for number in (0, 25, 50, 75)
    ]
    assert len(listing.entries) == 12 + 3
    (skipped,) = listing.skipped
    assert (skipped.count, skipped.reason) == (100 - 15, GapReason.OVER_LIMIT)
    assert "of 100 objects 85 were only counted" in skipped.why


@KINDS
def test_models_beyond_what_is_kept_are_counted_as_such(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(kind, monkeypatch, every=2) as (store, _):
        store.most_objects = 12
        listing = store.listing()
    assert len(listing.entries) == 24
    assert listing.skipped[0].count == 100 - 24
    assert "among them 32 that are named as a model or as what belongs to one" in why(listing)


def _status(number: int) -> Answer:
    return number, {}, b"<Error><Code>InternalError</Code></Error>"


_EXPIRED: dict[str, Answer] = {
    "s3": (400, {}, b"<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>"),
    "gs": (401, {"Content-Type": "application/json"}, b'{"error": {"message": "expired"}}'),
    "az": (401, {"x-ms-error-code": "InvalidAuthenticationInfo"}, b""),
}
_HALF = b'<ListBucketResult><Con {"items": [{'
_BREAKS: dict[str, Callable[[str], Answer]] = {
    "an error of the server": lambda _: _status(503),
    "credentials that have expired": lambda kind: _EXPIRED[kind],
    "half a page": lambda _: (200, {"Content-Type": "application/xml"}, _HALF),
    "a proxy's page": lambda _: (200, {"Content-Type": "text/html"}, b"<html><body/></html>"),
}


@KINDS
@pytest.mark.parametrize("broken", _BREAKS)
def test_listing_that_breaks_off_is_a_gap_that_says_how_far_it_came(
    kind: str, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _BREAKS[broken]
    with served(kind, monkeypatch) as (store, generated):
        generated.broken = lambda number, _: answer(kind) if number > 4 else None
        listing = store.listing()
    assert len(listing.entries) == 40
    assert "folder: the listing broke off after 40 objects: " in why(listing)


@KINDS
@pytest.mark.parametrize("broken", _BREAKS)
def test_first_page_that_fails_is_no_empty_bucket(
    kind: str, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _BREAKS[broken]
    with served(kind, monkeypatch) as (store, generated):
        generated.broken = lambda number, _: answer(kind)
        try:
            said = why(store.listing())
        except MlsecError as error:
            said = error.message
    assert said.startswith(("folder: ", "the credentials are not accepted"))


@KINDS
@pytest.mark.parametrize("length", [1, 2, 3])
def test_pages_that_come_again_and_again_end_the_listing(
    kind: str, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that is given again: of the page itself, or of one of those before."""
    with served(kind, monkeypatch) as (store, generated):
        generated.broken = lambda number, _: str(PAGE * (1 + number % length))
        listing = store.listing()
    assert generated.pages <= length + 2
    assert "the service gives the same page again" in why(listing)


@KINDS
def test_same_page_under_ever_new_tokens_ends_the_listing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(kind, monkeypatch) as (store, generated):
        generated.broken = lambda number, _: f"0-{number}"
        listing = store.listing()
    assert len(listing.entries) == PAGE
    assert "after 10 objects: the service gives the same page again" in why(listing)


@KINDS
def test_empty_pages_without_end_are_given_up(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_EMPTY", 20)
    with served(kind, monkeypatch) as (store, generated):
        generated.broken = lambda number, _: f"{PAGE * PAGES}-{number}" if number > 2 else None
        listing = store.listing()
    assert generated.pages <= 30
    assert "more than 20 pages are empty" in why(listing)


def test_list_of_s3_that_goes_on_at_no_place_is_not_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lame = b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"
    with served("s3", monkeypatch) as (store, generated):
        generated.broken = lambda number, _: (200, {}, lame) if number > 4 else None
        listing = store.listing()
    assert "after 40 objects: there is more, but not where it begins" in why(listing)


def shown(store: Bucket, area: Area) -> list[str]:
    part = store.at(area.prefix)
    part.within = area.within
    return [entry.id for entry in part.listing().entries]


@KINDS
def test_parts_of_a_bucket_together_show_what_it_shows(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(kind, monkeypatch, 1000) as (store, _):
        areas = areas_of(store, 150)
        whole = [entry.id for entry in store.listing().entries]
        parts = [shown(store, area) for area in areas]
    assert areas == tuple(Area(prefix=f"p0{n}", within=Within.BELOW) for n in range(10))
    assert sorted(name for part in parts for name in part) == whole
    assert all(len(part) <= 150 for part in parts)
