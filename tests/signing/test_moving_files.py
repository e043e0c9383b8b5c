"""A model that somebody writes to while it is verified: never verified, and said why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.errors import MlsecError
from mlsec.signing.content import manifest_comparison as compare
from mlsec.signing.files.folder import ModelFolder
from mlsec.signing.files.hash_plan import HashedFile, HashPlan
from mlsec.signing.models.local_model import LocalFiles
from mlsec.signing.signer import sign
from mlsec.signing.signer.sign import DEFAULT_OPTIONS, SigningOptions
from mlsec.signing.verdicts.verdict import Answer
from tests.moving import CHANGES, Change, after_listing, replace, rewrite, writing
from tests.signing.workshop import Workshop, bad

# A tenth of a second of hashing, so that the writer is met.
LARGE = bytes(range(256)) * (1 << 18)
# A busy disk may hold the writer up, so that nothing changes meanwhile.
TRIES = 20


@pytest.mark.parametrize(
    "how", [DEFAULT_OPTIONS, SigningOptions(shard_bytes=1 << 20)], ids=["whole", "parts"]
)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("quick_from", [1, compare.QUICK_FROM])
def test_file_that_is_written_to_while_it_is_hashed_fails_the_verdict(
    change: Change,
    how: SigningOptions,
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


@pytest.mark.parametrize("change", [rewrite, replace])
def test_small_file_that_is_written_to_after_its_turn_fails_the_verdict(
    change: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among very many no file is looked at before it is opened, so its turn is over in no time."""
    monkeypatch.setattr(compare, "QUICK_FROM", 1)
    shop = Workshop(tmp_path)
    path = shop.write("a.bin", b"first of many")
    for number in range(1500):
        shop.write(f"b/{number}.bin", b"%d" % number)
    shop.sign()
    for _ in range(TRIES):
        with writing(path, change) as changes:
            before = changes()
            verdict = shop.verify()
            met = changes() - before
        if met > 1:
            break
    assert verdict.answer is Answer.FAILED
    assert bad(verdict) == {"files/kept-still"}


def test_a_model_of_one_file_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "one.bin"
    path.write_bytes(b"words")
    with ModelFolder(path) as folder:
        opened = LocalFiles(folder)
        listing = opened.listing(9)
        opened.hashed(listing.files(), HashPlan(), None)
        assert opened.changes(listing) == []
        rewrite(path)
        assert [(one.id, one.file) for one in opened.changes(listing)] == [
            ("files/kept-still", "one.bin")
        ]


def test_a_model_that_is_written_to_while_it_is_signed_is_not_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Workshop(tmp_path)
    path = shop.write("a.bin", b"words")
    hashed = sign.hash_files

    def then_rewritten(*arguments: Any) -> dict[str, HashedFile]:
        found = hashed(*arguments)
        rewrite(path)
        return found

    monkeypatch.setattr(sign, "hash_files", then_rewritten)
    with pytest.raises(MlsecError, match="a file changed while the model was read"):
        shop.sign()
