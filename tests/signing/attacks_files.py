"""Attacks 1 to 5 and 7: names, extra files, links, and what a manifest lists."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

from mlsec.signing.signer.sign import SigningOptions
from mlsec.signing.verdicts.verdict import Verdict
from tests.signing.attack import Attack
from tests.signing.bend import after, close, entries, named, stating
from tests.signing.workshop import FILES, Workshop

_CODE = b"import os\n"


def _ignoring(*paths: str) -> Callable[[dict[str, Any]], object]:
    return lambda statement: statement["predicate"]["serialization"].update(
        ignore_paths=list(paths)
    )


def _hidden_by_the_signature(shop: Workshop) -> Verdict:
    shop.write("extra/evil.bin", b"x")
    shop.sign(how=SigningOptions(ignored=("extra",)))
    return shop.verify()


def _empty_file_in_parts(shop: Workshop) -> Verdict:
    shop.sign(how=SigningOptions(shard_bytes=64))
    shop.write("__init__.py", b"")
    return shop.verify()


def _link(shop: Workshop, name: str, to: str) -> None:
    path = shop.model / name
    path.unlink()
    path.symlink_to(to)


def _linked_folder(shop: Workshop) -> None:
    (shop.model / "sub").rename(shop.folder / "elsewhere")
    (shop.model / "sub").symlink_to(shop.folder / "elsewhere")


def _fifo(shop: Workshop) -> None:
    path = shop.model / "model.safetensors"
    path.unlink()
    os.mkfifo(path)


def _twice(statement: dict[str, Any]) -> None:
    first = entries(statement)[0]
    entries(statement).insert(1, {**first, "digest": "00" * 32})


def _reversed(statement: dict[str, Any]) -> None:
    entries(statement).reverse()


def _case_twins(shop: Workshop) -> Verdict:
    shop.write("Config.json", b"[]")
    entries = [("Config.json", b"[]"), *sorted(FILES.items())]
    return _listing(shop, entries)


def _unicode_twins(shop: Workshop) -> Verdict:
    names = ("e\u0301.bin", "\u00e9.bin")
    for name in names:
        shop.write(name, b"x")
    return _listing(shop, sorted([*FILES.items(), *((name, b"x") for name in names)]))


def _reserved_name(shop: Workshop) -> Verdict:
    shop.write("aux.bin", b"x")
    shop.sign()
    return shop.verify()


def _listing(shop: Workshop, files: list[tuple[str, bytes]]) -> Verdict:
    """Have a statement signed that lists what our own signer would refuse to."""
    (shop.folder / "other").mkdir()
    other = Workshop(shop.folder / "other")
    other.sign()
    shop.put(other.bundle())
    statement = other.statement()
    statement["predicate"]["resources"] = [
        {"name": name, "digest": hashlib.sha256(data).hexdigest(), "algorithm": "sha256"}
        for name, data in files
    ]
    close(statement)
    shop.sign_statement(statement)
    return shop.verify()


_UNREADABLE, _ABOUT = "signature/readable", "statement/about-a-model"
FILE_ATTACKS = (
    *(
        Attack(row=1, name=f"name {name!r}", do=named(name), fails=_ABOUT)
        for name in (
            "../x", "a/../../x", "/etc/passwd", "C:\\x", "a\\b", "a/", "a//b", "./a", ".", "a/./b",
            "a\x00b", "a\nb", "a\x7fb", "a\x85b", "", "..", "x" * 300, "/".join(["a"] * 3000),
        )
    ),
    Attack(row=2, name="extra file", do=after(lambda s: s.write("evil.py", _CODE)),
           fails="files/all-signed"),
    Attack(row=2, name="in .git", do=after(lambda s: s.write(".git/hook.py", _CODE)),
           fails="files/all-signed"),
    Attack(row=2, name="in .github", do=after(lambda s: s.write(".github/x.pkl", _CODE)),
           fails="files/all-signed"),
    Attack(row=2, name="below a path the signature ignores", do=_hidden_by_the_signature,
           fails="files/all-signed"),
    Attack(row=2, name="empty file where files are hashed in parts", do=_empty_file_in_parts,
           fails="files/all-signed"),
    Attack(row=2, name="plain git files are told, no more",
           do=after(lambda s: s.write(".gitattributes", b"*.bin lfs\n")),
           notes="files/all-signed"),
    Attack(row=3, name="weights ignored", fails="files/all-signed", do=stating(
        lambda s: (_ignoring("model.safetensors")(s), entries(s).pop(1)))),
    Attack(row=3, name="everything ignored", fails=_ABOUT, do=stating(
        lambda s: (_ignoring(".")(s), entries(s).clear()))),
    Attack(row=3, name="no file listed", fails=_ABOUT, do=stating(lambda s: entries(s).clear())),
    *(
        Attack(row=3, name=f"ignores {path!r}", do=stating(_ignoring(path)), fails=_ABOUT)
        for path in ("*.bin", "w?", "[a]", "../x", "/", ".", "")
    ),
    Attack(row=4, name="file became a link", fails="files/no-links",
           do=after(lambda s: _link(s, "config.json", "sub/tokenizer.json"))),
    Attack(row=4, name="link to outside", fails="files/no-links",
           do=after(lambda s: _link(s, "config.json", "/etc/hostname"))),
    Attack(row=4, name="folder became a link", fails="files/no-links", do=after(_linked_folder)),
    Attack(row=4, name="link beside", fails="files/no-links",
           do=after(lambda s: (s.model / "more").symlink_to("config.json"))),
    Attack(row=4, name="FIFO", fails="files/regular", do=after(_fifo)),
    Attack(row=5, name="listed twice", fails=_ABOUT, do=stating(_twice)),
    Attack(row=5, name="alias", fails=_ABOUT, do=named("./config.json")),
    Attack(row=5, name="unsorted", fails="manifest/sorted", do=stating(_reversed)),
    Attack(row=7, name="names that differ by case", fails="manifest/names-distinct",
           do=_case_twins),
    Attack(row=7, name="names that differ by normal form", fails="manifest/names-distinct",
           do=_unicode_twins),
    Attack(row=7, name="name that Windows reserves", notes="manifest/names-portable",
           do=_reserved_name),
)  # fmt: skip
