"""All derived facts: those of every provider, and those of model files."""

from __future__ import annotations

from mlsec.graph.build import Facts
from mlsec.model_files.facts import FILE_RELATIONS
from mlsec.providers.aws.facts import table as aws
from mlsec.providers.azure.facts import table as azure
from mlsec.providers.gcp.facts import table as gcp
from mlsec.providers.kubernetes.facts import table as kubernetes

# Clusters last: their service accounts read what the roles of clouds may do.
_TABLES = (aws.FACTS, azure.FACTS, gcp.FACTS, kubernetes.FACTS)
FACTS = Facts(
    properties={name: derive for table in _TABLES for name, derive in table.properties.items()},
    relations={
        **FILE_RELATIONS,
        **{name: follow for table in _TABLES for name, follow in table.relations.items()},
    },
)
