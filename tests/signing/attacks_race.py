"""Attack 8: a file or folder that is swapped while the model is being read."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.signing.verdicts.verdict import Verdict
from tests.moving import after_hashing, after_listing, rewrite
from tests.signing.attack import Attack
from tests.signing.workshop import Workshop


def _between(swap: Callable[[Workshop], object]) -> Callable[[Workshop], Verdict]:
    """Swap right after the model was listed, as an attacker who waits for it would."""

    def do(shop: Workshop) -> Verdict:
        shop.sign()
        with after_listing(lambda: swap(shop)):
            return shop.verify()

    return do


def _after_hashing(swap: Callable[[Workshop], object]) -> Callable[[Workshop], Verdict]:
    """Swap when every file was hashed, and before the model is looked at again."""

    def do(shop: Workshop) -> Verdict:
        shop.sign()
        with after_hashing(lambda: swap(shop)):
            return shop.verify()

    return do


def _rewritten(shop: Workshop) -> None:
    rewrite(shop.model / "config.json")


def _replaced(shop: Workshop) -> None:
    """The same bytes and size in another file, so that only the stamp tells."""
    path = shop.model / "config.json"
    other = shop.folder / "other"
    other.write_bytes(path.read_bytes())
    other.replace(path)


def _linked(shop: Workshop) -> None:
    path = shop.model / "config.json"
    other = shop.folder / "other"
    path.rename(other)
    path.symlink_to(other)


def _folder_linked(shop: Workshop) -> None:
    path = shop.model / "sub"
    path.rename(shop.folder / "sub")
    path.symlink_to(shop.folder / "sub")


_STILL = "files/kept-still"
RACE_ATTACKS = (
    Attack(row=8, name="file replaced", do=_between(_replaced), fails=_STILL),
    Attack(row=8, name="file grown", fails=_STILL,
           do=_between(lambda shop: shop.write("config.json", b"{}" * 99))),
    Attack(row=8, name="file gone", fails=_STILL,
           do=_between(lambda shop: (shop.model / "config.json").unlink())),
    Attack(row=8, name="file became a link", fails=_STILL, do=_between(_linked)),
    Attack(row=8, name="folder became a link", fails=_STILL, do=_between(_folder_linked)),
    *(
        Attack(row=8, name=f"file {name} after it was hashed", fails=_STILL, do=_after_hashing(do))
        for name, do in (
            ("replaced", _replaced), ("rewritten", _rewritten), ("linked", _linked),
            ("gone", lambda shop: (shop.model / "config.json").unlink()),
        )
    ),
    Attack(row=8, name="file added", fails=_STILL,
           do=_between(lambda shop: shop.write("late.py", b"import os"))),
    Attack(row=8, name="file added below", fails=_STILL,
           do=_between(lambda shop: shop.write("sub/late.py", b"import os"))),
)  # fmt: skip
