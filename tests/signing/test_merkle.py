"""Inclusion proofs against the recursive definition of RFC 6962, and checkpoints as notes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.errors import MalformedError
from mlsec.signing.sigstore.checkpoint import read_checkpoint
from mlsec.signing.sigstore.inclusion import root_of
from mlsec.signing.verdicts.steps import CheckFailedError
from tests.signing.make_log import LogMaker, leaf, tree_path, tree_root

BODIES = [b"entry %d" % n for n in range(40)]
LEAVES = [leaf(each) for each in BODIES]


@pytest.mark.parametrize("size", range(1, 41))
def test_every_leaf_of_every_small_tree_leads_to_its_root(size):
    leaves = LEAVES[:size]
    root = tree_root(leaves)
    for index in range(size):
        assert root_of(BODIES[index], index, size, tuple(tree_path(index, leaves))) == root


@given(st.integers(1, 40), st.data())
def test_proof_for_one_place_fits_no_other(size, data):
    index = data.draw(st.integers(0, size - 1))
    claimed = data.draw(st.integers(-1, size))
    claimed_size = data.draw(st.sampled_from([size, size + 1, max(1, size - 1)]))
    leaves = LEAVES[:size]
    path = tuple(tree_path(index, leaves))
    if (claimed, claimed_size) == (index, size):
        return
    try:
        root = root_of(BODIES[index], claimed, claimed_size, path)
    except CheckFailedError:
        return
    # Another size may share the path's shape; another place in the same tree may not.
    assert root != tree_root(leaves) or claimed_size != size


@pytest.mark.parametrize("index", [-1, 5, 1 << 62])
def test_place_outside_the_tree_is_refused(index):
    with pytest.raises(CheckFailedError, match="outside the log"):
        root_of(b"entry", index, 5, ())


def test_proof_for_a_huge_tree_ends_at_once():
    with pytest.raises(CheckFailedError, match="shorter"):
        root_of(b"entry", (1 << 62) - 1, 1 << 62, (bytes(32),) * 40)


def test_checkpoint_says_origin_size_and_root():
    log = LogMaker("rekor.example", 1, others=3)
    found = read_checkpoint(log.checkpoint())
    assert (found.origin, found.size) == (log.origin, 3)
    assert found.root_hash == tree_root([leaf(each) for each in log.bodies])
    assert [each.name for each in found.signatures] == ["rekor.example"]


NOTE = LogMaker("rekor.example", 1).checkpoint()
BROKEN = {
    "no signature": NOTE.partition("\n\n")[0] + "\n",
    "no blank line": NOTE.replace("\n\n", "\n"),
    "no origin": NOTE.partition("\n")[2],
    "empty origin": "\n" + NOTE.partition("\n")[2],
    "no size": NOTE.replace("\n4\n", "\n"),
    "size with a sign": NOTE.replace("\n4\n", "\n+4\n"),
    "size with a leading zero": NOTE.replace("\n4\n", "\n04\n"),
    "size in other digits": NOTE.replace("\n4\n", "\n\u0664\n"),
    "size beyond 63 bits": NOTE.replace("\n4\n", f"\n{10**20}\n"),
    "short root": NOTE.replace(NOTE.split("\n")[2], "AAAA"),
    "cut signature line": NOTE[:-1],
    "hyphen for a dash": NOTE.replace("\u2014", "-"),
    "short signature": NOTE.rpartition(" ")[0] + " AAAA\n",
    "too many signatures": NOTE + NOTE.rpartition("\n\n")[2] * 64,
    "too long": NOTE.replace("\n\n", "\n" + "x" * 70_000 + "\n\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_checkpoint_is_refused(name):
    with pytest.raises(MalformedError):
        read_checkpoint(BROKEN[name])


@given(st.text(max_size=300))
def test_any_text_gives_the_one_error(text):
    with pytest.raises(MalformedError):
        read_checkpoint(text)
