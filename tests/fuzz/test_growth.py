"""No expression of mlsec takes much longer than its text is long, whatever the text.

An expression looks at no clock: one that takes the square of a text's length keeps a reader busy
for hours with a file of a megabyte. Time is compared with time of the same run, far from the
limit: four times the text may take nine times as long, and with the square it takes sixteen.
"""

from __future__ import annotations

import pytest

from tests.fuzz.growth import LENGTHS, worst
from tests.fuzz.patterns import every_pattern

# Only ever asked whether they match where a text begins, by way of another variable.
FROM_START = frozenset(
    """mlsec.artifacts.embedded.recognition._BASE64 mlsec.artifacts.embedded.recognition._HEX
    mlsec.artifacts.formats.tensorflow.bundle_archive.SHARD
    mlsec.artifacts.formats.tensorflow.shards.SHARD mlsec.collect.located.json._SPACE_OR_COMMENT
    mlsec.collect.secrets.named._AHEAD mlsec.servers.config.config_kinds._KINDS
    mlsec.engine.rules.links_check._EQUIVALENT""".split()  # noqa: SIM905
)
# The most characters that they are ever given, where they take the square of a text's length.
MOST_GIVEN = {
    "mlsec.artifacts.pickle.policy.evidence._CODE": 4096,  # pickle.values.KEPT_BYTES
    "mlsec.artifacts.python.names._REACHES": 400,  # LONGEST there
    "mlsec.artifacts.settings.settings._CODE_REFERENCE": 1000,  # LONGEST_REFERENCE
    "mlsec.artifacts.settings.settings._PART": 100,
    "mlsec/signing/trust/identity_rule.py": 400,  # MAX_PATTERN_CHARS
    "mlsec.providers.aws.shapes.addresses._S3_HOST": 255,  # _LONGEST_HOST
    "mlsec.collect.walk.paths._STEP": 400,  # a piece of a path of the vocabulary
    "mlsec/providers/aws/replay/asked.py": 400,  # a path of botocore's own models
}


def test_every_pattern_is_found_that_a_module_makes_when_it_loads() -> None:
    assert len(every_pattern()) > 650
    assert len({kept.where.rpartition(".")[0] for kept in every_pattern()}) > 150


@pytest.mark.parametrize("part", range(8))
def test_no_pattern_takes_much_longer_than_its_text_is_long(part: int) -> None:
    told = {}
    for kept in every_pattern()[part::8]:
        most = MOST_GIVEN.get(kept.where, LENGTHS[-1])
        lengths = tuple(length for length in LENGTHS if length <= most)
        if said := worst(kept, lengths, is_searched=kept.where not in FROM_START):
            told[kept.where] = (kept.pattern, said)
    assert told == {}
