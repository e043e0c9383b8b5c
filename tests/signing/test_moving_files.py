"""A model that somebody writes to while it is verified: never verified, and said why."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.signing import compare
from mlsec.signing.sign import USUAL, Signing
from mlsec.signing.verdict import Answer
from tests.moving import CHANGES, Change, after_listing, writing
from tests.signing.workshop import Workshop, bad

# A tenth of a second of hashing, so that the writer is met.
LARGE = bytes(range(256)) * (1 << 18)
# A busy disk may hold the writer up, so that nothing changes meanwhile.
TRIES = 20


@pytest.mark.parametrize("how", [USUAL, Signing(shard_bytes=1 << 20)], ids=["whole", "parts"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("quick_from", [1, compare.QUICK_FROM])
def test_file_that_is_written_to_while_it_is_hashed_fails_the_verdict(
    change: Change,
    how: Signing,
    quick_from: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compare, "QUICK_FROM", quick_from)
    shop = Workshop(tmp_path)
    path = shop.write("large.bin", LARGE)
    shop.sign(how=how)
    listed: list[int] = []
    for _ in range(TRIES):
        with (
            writing(path, change) as changes,
            after_listing(lambda now=changes: listed.append(now())),  # type: ignore[misc]
        ):
            verdict = shop.verify()
            met = changes() - listed[-1]
        if met > 1 or verdict.answer is Answer.FAILED:
            break
    assert verdict.answer is Answer.FAILED
    # In parts the size of a file is compared before any of it is read.
    has_other_size = how.shard_bytes and path.stat().st_size != len(LARGE)
    assert ("files/unchanged" if has_other_size else "files/kept-still") in bad(verdict)
    assert verdict.files == ()
