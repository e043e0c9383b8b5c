"""What the names and addresses of Azure Machine Learning and AI services say."""

from __future__ import annotations

import pytest

from mlsec.providers.azure.shapes import machine_learning as shapes

_WORKSPACE = (
    "/subscriptions/5B/resourceGroups/Nord/providers/Microsoft.MachineLearningServices"
    "/workspaces/Churn"
)
_STORE = "azureml://subscriptions/5B/resourcegroups/Nord/workspaces/Churn/datastores/Models"


def test_asset_of_a_workspace_is_told_from_one_of_a_registry() -> None:
    own = f"{_WORKSPACE}/models/churn/versions/3"
    shared = "azureml://registries/Somebody/models/churn/versions/3"
    assert shapes.asset_ref(own) == own.lower()
    assert shapes.asset_ref(f"azureml:{own}") == own.lower()
    assert shapes.asset_container(own) == f"{_WORKSPACE}/models/churn".lower()
    assert shapes.asset_registry(own) is None
    assert (shapes.asset_ref(shared), shapes.asset_container(shared)) == (None, None)
    assert shapes.asset_registry(shared) == "somebody"


@pytest.mark.parametrize(
    ("name", "version"),
    [
        (f"{_WORKSPACE}/models/churn/versions/3", "3"),
        ("azureml://registries/azureml/models/Phi-4/versions/7", "7"),
        ("azureml://registries/azureml/models/Phi-4/labels/latest", None),
        ("azureml://registries/azureml/models/Phi-4", None),
    ],
)
def test_version_is_there_only_when_it_is_written(name: str, version: str | None) -> None:
    assert shapes.asset_version(name) == version


def test_datastore_of_an_address_is_the_arm_id_and_a_short_one_leads_nowhere() -> None:
    assert (
        shapes.uri_datastore(f"{_STORE}/paths/churn/3") == f"{_WORKSPACE}/datastores/models".lower()
    )
    assert shapes.uri_datastore("azureml://datastores/Models/paths/x") == (
        "azureml://datastores/models/paths/x"
    )
    assert shapes.uri_datastore("azureml://jobs/j/outputs/x") is None


@pytest.mark.parametrize(
    ("address", "container"),
    [
        ("https://Acct.blob.core.windows.net/Models/churn/3", "acct/models"),
        ("https://acct.dfs.core.windows.net/models", "acct/models"),
        ("abfss://models@acct.dfs.core.windows.net/churn", "acct/models"),
        ("wasbs://models@acct.blob.core.windows.net/churn", "acct/models"),
        ("https://data.example.org/models/churn", None),
        (f"{_STORE}/paths/churn", None),
    ],
)
def test_container_of_an_address(address: str, container: str | None) -> None:
    assert shapes.blob_container(address) == container
    is_web = address.startswith("http") and container is None
    assert shapes.is_public_address(address) is is_web


def test_key_is_named_without_its_version() -> None:
    whole = "https://Vault.vault.azure.net/keys/Models/0123abcd"
    assert shapes.key_version(whole) == "0123abcd"
    assert shapes.key_version("https://vault.vault.azure.net/keys/models/") is None
    with pytest.raises(ValueError, match="no version"):
        shapes.key_version("https://{kv}.vault.azure.net/keys/{key-name}/{key-version}")
    parts = {"keyVaultUri": "https://Vault.vault.azure.net/", "keyName": "Models"}
    assert shapes.vault_key_uri(parts) == "https://vault.vault.azure.net/keys/models"
    assert shapes.vault_key_uri({"keyName": "Models"}) is None


def test_harm_counts_as_blocked_only_in_its_direction_and_when_it_blocks() -> None:
    on = {"enabled": True, "blocking": True}
    raw = [
        {"name": "Hate", "source": "Prompt", **on},
        {"name": "Sexual", "source": "Prompt", **on, "blocking": False},
        {"name": "Violence", "source": "Prompt", **on, "enabled": False},
        {"name": "Selfharm", "source": "Completion", **on},
        {"name": "Profanity", "source": "Prompt"},
    ]
    prompts = [each["kind"] for each in shapes.unblocked({"contentFilters": raw}, "Prompt")]
    answers = [each["kind"] for each in shapes.unblocked({"contentFilters": raw}, "Completion")]
    assert prompts == ["selfharm", "sexual", "violence"]
    assert answers == ["hate", "sexual", "violence"]


@pytest.mark.parametrize("unsaid", ["enabled", "blocking"])
def test_filter_of_harm_that_does_not_say_whether_it_blocks_is_not_taken_to(unsaid: str) -> None:
    said = {"name": "Hate", "source": "Prompt", "enabled": True, "blocking": True}
    left = {k: v for k, v in said.items() if k != unsaid}
    with pytest.raises(KeyError):
        shapes.unblocked({"contentFilters": [left]}, "Prompt")


def test_filter_is_the_same_in_every_spelling() -> None:
    spelt = {
        shapes.filter_name(name)
        for name in ("Indirect Attack", "IndirectAttack", "indirect_attack")
    }
    assert spelt == {"indirectattack"}


_BLOCKING = [
    {"name": name, "source": "Prompt", "enabled": True, "blocking": True}
    for name in ("Hate", "Sexual", "Selfharm", "Violence")
]


def test_what_a_filter_does_not_name_is_as_its_base_has_it() -> None:
    unblocked = shapes.ML_SHAPES["unblocked_in_prompts"]
    assert unblocked({"basePolicyName": "Microsoft.Default", "contentFilters": _BLOCKING}) == []
    for written in ({}, {"filters": _BLOCKING}, {"contentFilters": _BLOCKING[1:]}):
        with pytest.raises(ValueError, match=r"as the policy Microsoft\.Default has it"):
            unblocked({"basePolicyName": "Microsoft.Default", **written})
    assert unblocked({"contentFilters": _BLOCKING[1:]}) == [{"kind": "hate"}]
    off = [{**_BLOCKING[0], "blocking": False}]
    assert {"kind": "hate"} in unblocked({"basePolicyName": "x", "contentFilters": off})
