"""What something of machine learning names is looked at: a relation follows each reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from mlsec.vocabulary.types import Property, Type
from tests.shipped import shipped_vocabulary

# Where the API names a secret, a bucket or a key.
_REFERENCE = re.compile(r"(Secret(Arn|ARN)|S3Uri|S3OutputPath|KmsKey(Id|Arn)?|kmsKeyArn)$")
# Only whether it is there, and the place within a bucket that stands beside it.
_OTHERWISE = ("is_present", "s3_key")
_TYPES = sorted(t.name for t in shipped_vocabulary().types.values() if t.name.startswith("aws."))


def _references(properties: Mapping[str, Property], before: str = "") -> Iterator[str]:
    for wanted in properties.values():
        paths = [path for source in wanted.sources.values() for path in source]
        if wanted.shape not in _OTHERWISE and any(_REFERENCE.search(path) for path in paths):
            yield f"{before}{wanted.name}"
        yield from _references(wanted.items, f"{before}{wanted.name}[].")


def _followed(kind: Type) -> set[str]:
    return {relation.by for relation in kind.relations.values() if relation.by}


@pytest.mark.parametrize("name", _TYPES)
def test_every_secret_bucket_and_key_that_is_named_is_followed(name: str) -> None:
    kind = shipped_vocabulary().types[name]
    followed = _followed(kind)
    assert set(_references(kind.properties)) - followed == set()
