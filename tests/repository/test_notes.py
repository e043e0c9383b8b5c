"""A waiver in a comment holds for the block that it stands in or right above, and for no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.collect.code.code_file import FILE_TYPE, CodeFile, Language
from mlsec.core.resource import Origin, Resource
from mlsec.core.waiver_note import WaiverNote
from mlsec.repository import comment_waivers as notes
from mlsec.repository.comment_waivers import waiver_notes
from mlsec.repository.evidence import file_call
from mlsec.snapshot.store import Snapshot

SCOPE = "code/."
TERRAFORM = """\
# mlsec:ignore TOP
# mlsec:ignore ABOVE
# words
resource "a" "one" {
  # mlsec:ignore HEAD
  x = 1
  y = 2  # mlsec:ignore SAME
  z { w = 1 } // mlsec:ignore SLASHES
}
# mlsec:ignore LOOSE

variable "v" {
  default = 1  # mlsec:ignore ELSEWHERE
}

resource "a" "two" { # mlsec:ignore LINE
}
"""
MANIFEST = """\
apiVersion: v1
kind: A
spec:
  x: 1  # mlsec:ignore INSIDE
---
# mlsec:ignore DOCUMENT

apiVersion: v1
kind: B
---
# mlsec:ignore NOBODY

x: 1
"""
COMPOSE = """\
services:
  web:
    image: x
    command: [run]  # mlsec:ignore WEB
  # mlsec:ignore DB
  db:
    image: y
volumes:
  data: {}  # mlsec:ignore VOLUME
"""
DOCKERFILE = "FROM a\n# mlsec:ignore RUN\nRUN x\nFROM b\nUSER root\n# mlsec:ignore LAST\n"


def found(
    text: str, language: Language, heads: tuple[int, ...], folder: Path, scope: str = SCOPE
) -> tuple[WaiverNote, ...]:
    """Notes of one file whose blocks begin at ``heads``."""
    file = CodeFile(id="f", path="f", language=language, text=text)
    with Snapshot.create(folder / "x.mlsnap") as snapshot:
        snapshot.record(*file_call(SCOPE, file))
        resources = [
            Resource(id=f"r{line}", type="a.b", provider="p", scope=scope,
                     origin=Origin(kind="iac", file="f", line=line))
            for line in heads
        ]  # fmt: skip
        whole = Resource(id="f", type=FILE_TYPE, provider="code", scope=SCOPE,
                         origin=Origin(kind="iac", file="f", line=1))  # fmt: skip
        return waiver_notes(snapshot, [*resources, whole])


@pytest.mark.parametrize(
    ("text", "language", "heads", "expected"),
    [
        (
            TERRAFORM, Language.TERRAFORM, (4, 16),
            {"TOP": (1, 4), "ABOVE": (1, 4), "HEAD": (4,), "SAME": (4,), "SLASHES": (4,),
             "LOOSE": (), "ELSEWHERE": (), "LINE": (16,)},
        ),
        (
            MANIFEST, Language.KUBERNETES, (1, 8),
            {"INSIDE": (1,), "DOCUMENT": (8,), "NOBODY": ()},
        ),
        (COMPOSE, Language.COMPOSE, (2, 6), {"WEB": (2,), "DB": (6,), "VOLUME": ()}),
        (DOCKERFILE, Language.DOCKERFILE, (1, 4), {"RUN": (1,), "LAST": (4,)}),
    ],
    ids=["terraform", "manifest", "compose", "dockerfile"],
)  # fmt: skip
def test_comment_is_meant_for_its_own_block(
    text: str, language: Language, heads: tuple[int, ...], expected: dict[str, tuple[int, ...]],
    tmp_path: Path,
) -> None:  # fmt: skip
    told = {one.words.strip(): one.heads for one in found(text, language, heads, tmp_path)}
    assert told == expected


def test_block_of_another_target_is_not_meant(tmp_path: Path) -> None:
    (note,) = found("# mlsec:ignore R\nx\n", Language.TERRAFORM, (2,), tmp_path, scope="code/other")
    assert note.heads == (1,)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("<!-- mlsec:ignore R until=2027-01-01 -->", " R until=2027-01-01"),
        ("/* mlsec:ignore R */", " R"),
        ("-- mlsec:ignore R", " R"),
        ("x = 1 # mlsec:ignore R\r", " R"),
        ("#mlsec:ignore", ""),
        ("# see mlsec:ignore R", None),
        ('x = "mlsec:ignore R"', None),
    ],
)
def test_only_what_a_comment_begins_with_is_one(
    line: str, words: str | None, tmp_path: Path
) -> None:
    told = [one.words for one in found(f"{line}\n", Language.TERRAFORM, (), tmp_path)]
    assert told == ([] if words is None else [words])


def test_word_that_is_nearly_it_is_told(tmp_path: Path) -> None:
    (note,) = found("# mlsec:ignore: R\nx\n", Language.TERRAFORM, (2,), tmp_path)
    assert note.problem


def test_json_has_no_comments_and_that_is_said(tmp_path: Path) -> None:
    text = '{"//": "mlsec:ignore R until=2027-01-01 reason=x"}'
    (note,) = found(text, Language.CLOUDFORMATION, (1,), tmp_path)
    assert "no comments" in note.problem
    assert note.heads == ()


def test_too_many_are_cut_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MAX_NOTES", 3)
    told = found("# mlsec:ignore R\n" * 9, Language.TERRAFORM, (), tmp_path)
    assert len(told) == 4
    assert "more than 3" in told[-1].problem


@given(st.text(alphabet="#/-<>!mlsec:ignore \n\t{}x", max_size=200), st.sets(st.integers(1, 20)))
def test_no_text_trips_it(text: str, heads: set[int]) -> None:
    file = CodeFile(id="f", path="f", language=Language.KUBERNETES, text=f"# mlsec:ignore\n{text}")
    count = len(file.text.split("\n"))
    lines = sorted(head for head in heads if head <= count)
    told = list(notes._notes_of(file, SCOPE, lines))
    assert all({*one.heads} <= {1, *lines} for one in told)


def test_a_file_full_of_them_is_read_in_one_go() -> None:
    class Counting(str):
        """A line that counts how often it is looked at."""

        __slots__ = ()
        looks = 0

        def strip(self, *chars: str | None) -> str:
            Counting.looks += 1
            return super().strip(*chars)

    count = 2_000
    texts = [Counting("  # mlsec:ignore R") for _ in range(count)]
    lines = notes._Lines(Language.TERRAFORM, [Counting("x {"), *texts], [1])
    assert {lines.meant(number, is_alone=True) for number in range(2, count + 2)} == {(1,)}
    assert Counting.looks < 5 * count
