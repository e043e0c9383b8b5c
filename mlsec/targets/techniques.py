"""The words of every cloud that has techniques, and all techniques that ship with mlsec."""

from __future__ import annotations

from mlsec.graph.techniques.load import shipped_techniques
from mlsec.graph.techniques.technique import Technique, Words
from mlsec.providers.aws.facts.technique_words import WORDS as AWS
from mlsec.providers.azure.facts.technique_words import WORDS as AZURE
from mlsec.providers.gcp.facts.technique_words import WORDS as GCP
from mlsec.providers.kubernetes.facts.technique_words import WORDS as KUBERNETES

WORDS: tuple[Words, ...] = (AWS, AZURE, GCP, KUBERNETES)


def all_techniques() -> tuple[tuple[Words, tuple[Technique, ...]], ...]:
    """Read the techniques of each cloud.

    Raises:
        MlsecError: a mistake in a file.
    """
    return tuple((words, shipped_techniques(words)) for words in WORDS)
