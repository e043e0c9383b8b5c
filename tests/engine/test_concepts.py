"""Types and their concepts: what a type says it is, fulfils and lacks is held to the concept."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.engine.model.property_resolution import find_reading
from mlsec.vocabulary.load import load_vocabulary
from mlsec.vocabulary.types import Vocabulary

CONCEPTS = """
store:
  concept: true
  title: Store
  properties:
    exposure.public: {type: bool}
  relations:
    writers: {to: identity}
service:
  concept: true
  title: Service
  properties:
    logging.on: {type: bool}
identity:
  concept: true
  title: Identity
cloud.identity:
  is: identity
  title: Cloud identity
"""


def load(folder: Path, text: str) -> Vocabulary:
    (folder / "vocabulary.yaml").write_text(CONCEPTS + text, "utf-8")
    return load_vocabulary(folder)


def test_a_type_may_be_several_concepts_and_a_constant_fulfils(tmp_path: Path) -> None:
    vocabulary = load(
        tmp_path,
        """
cloud.place:
  is: [store, service]
  title: Place
  properties:
    is_public: {type: bool, absent: false, fulfils: exposure.public}
    logs: {type: bool, from: {api: "Get:Logs"}, fulfils: logging.on}
  relations:
    writers: {to: cloud.identity, by: logs}
""",
    )
    place = vocabulary.types["cloud.place"]
    assert vocabulary.concrete("store") == vocabulary.concrete("service") == (place,)
    public, logs = (find_reading(vocabulary, place, p) for p in ("exposure.public", "logging.on"))
    assert public is not None
    assert public.own.is_constant
    assert logs is not None
    assert not logs.own.is_constant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'properties: {p: {type: bool, from: {api: "A:b"}, fulfils: exposure.pubic}}',
            '"p" fulfils "exposure.pubic", which cloud.place (store) does not have',
        ),
        ("lacks: {logging.on: never}", '"logging.on" is nothing that cloud.place could lack'),
        (
            "relations: {writers: {to: cloud.place, by: p}}",
            'relation "writers" must lead to "identity"',
        ),
        ("is: [store, shop]", '"shop" is not a concept'),
    ],
)
def test_what_no_concept_has_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    head = "" if text.startswith("is:") else "  is: store\n"
    with pytest.raises(MlsecError) as caught:
        load(tmp_path, f"cloud.place:\n{head}  title: Place\n  {text}\n")
    assert message in str(caught.value)
    assert "vocabulary.yaml:" in str(caught.value)
