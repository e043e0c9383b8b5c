"""What the fuzzing of readers starts from: the samples of all tests, with the names they have."""

from __future__ import annotations

import json
from functools import cache

from tests.artifacts import (
    test_beside_the_model,
    test_crfsuite,
    test_python_roads,
    test_settings_roads,
    test_silence,
    test_template_roads,
)
from tests.artifacts.mutations import SMALL_BYTES, small_samples

# For what the tests have only in a folder.
MORE = (
    ("requirements.txt", b"numpy>=1.2\ngit+https://example.invalid/x.git\n-e .\n"),
    ("fingerprint.pb", b"\x08\x01\x10\x02\x18\x03"),
    (
        "model.pt",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n",
    ),
    (
        "spiece.model",
        b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x08\n\x01a\x15\0\0\x80\xbf\x12\x08\x1a\x06my.txt",
    ),
    ("model.pkl_01.npy.z", b"\x78\x9c\x63\x60\x60\x60\0\0\0\x04\0\x01"),
    ("variables.data-00000-of-00001", bytes(range(200))),
    ("ner.crfsuite", test_crfsuite.model()),
    ("longer.crfsuite", test_crfsuite.model(b"\1" * 40)),
)


@cache
def named_samples() -> tuple[tuple[str, bytes], ...]:
    """Every sample that is small enough, by the name of a file."""
    beside = (*test_beside_the_model.HOSTILE.values(), *test_beside_the_model.HONEST.values())
    programs = test_python_roads.HOSTILE | test_python_roads.HONEST
    templates = test_template_roads.HOSTILE | test_template_roads.HONEST
    found = (
        *MORE,
        *beside,
        *test_silence.NOT_UNDERSTOOD.values(),
        *(("own.py", text.encode()) for text in (*programs.values(), *test_python_roads.BOMBS)),
        *(("chat_template.jinja", text.encode()) for text in templates.values()),
        *_settings(templates),
        *(("", data) for data in small_samples().values()),
    )
    return tuple((name, data) for name, data in found if len(data) <= SMALL_BYTES)


def _settings(templates: dict[str, str]) -> list[tuple[str, bytes]]:
    """Settings by the name that stands behind their own in the list."""
    hostile = [
        (title.partition(" ")[2], text) for title, text in test_settings_roads.HOSTILE.items()
    ]
    return [
        *(
            ("tokenizer_config.json", json.dumps({"chat_template": text}).encode())
            for text in templates.values()
        ),
        *((name, text.encode()) for name, text in hostile),
        *((name, text.encode()) for name, text in test_settings_roads.HONEST.values()),
    ]
