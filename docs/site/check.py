"""Check the built site: every link and anchor leads somewhere, and nothing loads from elsewhere.

    python -m docs.site.check FOLDER

The generator's strict mode sees the links of Markdown; this sees what a browser gets, images,
scripts and the links of the theme included. External links are not fetched.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

# Attributes of elements that a browser loads by itself, and of those that a reader follows.
_LOADED = {
    ("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"),
    ("video", "src"), ("audio", "src"), ("embed", "src"), ("object", "data"), ("use", "href"),
    ("img", "srcset"), ("source", "srcset"), ("video", "poster"),
}  # fmt: skip
# The page that a server shows for what is not there is read from anywhere: its paths are absolute.
_NOT_FOUND = "404.html"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One built page: what it loads, where it leads, and the anchors that it has."""

    loads: tuple[str, ...]
    links: tuple[str, ...]
    anchors: frozenset[str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")
            elif (tag, name) in _LOADED:
                self.loads.append(value or "")
            elif tag == "a" and name == "href":
                self.links.append(value or "")


def read_page(path: Path) -> Page:
    """Read one page's references."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return Page(
        loads=tuple(reader.loads), links=tuple(reader.links), anchors=frozenset(reader.anchors)
    )


def problems(folder: Path) -> Iterator[str]:
    """Yield one line for each reference that is remote or leads nowhere."""
    folder = folder.resolve()
    pages = {path: read_page(path) for path in sorted(folder.rglob("*.html"))}
    if not pages:
        yield f"{folder}: no pages"
    for path, page in pages.items():
        name = path.relative_to(folder)
        for address in dict.fromkeys(page.loads):
            if address.startswith("data:"):
                continue
            if _is_remote(address):
                yield f"{name}: loads {address} from elsewhere"
            elif not _target(folder, path, address).exists():
                yield f"{name}: loads {address}, which is not there"
        for address in dict.fromkeys(page.links):
            if not _is_remote(address):
                yield from _broken(folder, path, address, pages)
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text("utf-8")
        for word in ("url(http", "url(//", 'url("http', "@import"):
            if word in text:
                yield f"{path.relative_to(folder)}: loads from elsewhere ({word})"


def _broken(folder: Path, path: Path, address: str, pages: Mapping[Path, Page]) -> Iterator[str]:
    name = path.relative_to(folder)
    target = _target(folder, path, address)
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        yield f"{name}: link to {address}, which is not there"
        return
    anchor = unquote(urlsplit(address).fragment)
    page = pages.get(target)
    if anchor and page is not None and anchor not in page.anchors:
        yield f"{name}: link to {address}, which has no such anchor"


def _is_remote(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.scheme or parts.netloc)


def _target(folder: Path, path: Path, address: str) -> Path:
    place = unquote(urlsplit(address).path)
    if path.name == _NOT_FOUND and place.startswith("/"):
        return (folder / place[1:]).resolve()
    return (path.parent / place).resolve() if place else path


def main() -> int:
    """Print what is wrong; exit 1 when anything is."""
    lines = [*problems(Path(sys.argv[1]))]
    for line in lines:
        sys.stderr.write(f"{line}\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
