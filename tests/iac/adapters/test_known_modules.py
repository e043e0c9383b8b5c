"""What calls of well-known modules declare, as their adapters say; each was seen in the module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.enums import Status
from tests.e2e import runs
from tests.iac.adapters.differential import resources_of, scope_of

_AWS = "terraform-aws-modules"
_STATEMENTS = '{ s = { effect = "Allow", actions = ["s3:*"], resources = ["*"] } }'
_GROUP = "/subscriptions/0/resourceGroups/rg"
_PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/A"
CALLS = [
    (
        f"{_AWS}/eks/aws", "~> 20.8", 'cluster_name = "c"\ncluster_endpoint_public_access = true',
        "aws_eks_cluster.this[0]", {"public_endpoint": True},
    ),
    (
        f"{_AWS}/eks/aws", "~> 21.0", 'name = "c"',
        "aws_eks_cluster.this[0]", {"public_endpoint": False},
    ),
    (
        f"{_AWS}/iam/aws//modules/iam-assumable-role", "5.30.0",
        'create_role = true\nrole_name = "r"\nattach_admin_policy = true',
        "aws_iam_role.this[0]",
        {"attached_policies": [
            {"name": "AdministratorAccess", "arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
        ]},
    ),
    (
        f"{_AWS}/iam/aws//modules/iam-role-for-service-accounts-eks", "5.30.0",
        'role_name = "r"\noidc_providers = { m = { provider_arn = "' + _PROVIDER + '", '
        'namespace_service_accounts = ["ns:sa"] } }',
        "aws_iam_role.this[0]", {"trust.0.principals": [_PROVIDER], "attached_policies": []},
    ),
    (
        f"{_AWS}/iam/aws//modules/iam-role", "~> 6.0",
        'name = "r"\npolicies = { a = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess" }',
        "aws_iam_role.this[0]", {"attached_policies.0.name": "AmazonSageMakerFullAccess"},
    ),
    (
        f"{_AWS}/lambda/aws", "~> 8.0",
        f'function_name = "f"\nattach_policy_statements = true\npolicy_statements = {_STATEMENTS}',
        "aws_iam_role.lambda[0]", {"inline_statements.1.actions": ["s3:*"]},
    ),
    (
        f"{_AWS}/lambda/aws", "7.2.0",
        f'function_name = "f"\nattach_policy_statements = true\npolicy_statements = {_STATEMENTS}',
        "aws_iam_policy.additional_inline[0]", {"statements.0.actions": ["s3:*"]},
    ),
    (
        f"{_AWS}/security-group/aws", "~> 5.1",
        'name = "g"\ningress_cidr_blocks = ["0.0.0.0/0"]\ningress_rules = ["ssh-tcp"]',
        "aws_security_group.this_name_prefix[0]",
        {"ingress.0.from_port": 22, "ingress.0.is_internet": True},
    ),
    (
        "aws-ia/sagemaker-endpoint/aws", "0.0.1",
        'containers = [{ image_uri = "a.dkr.ecr.eu-west-1.amazonaws.com/x:latest" }]',
        "aws_iam_role.sg_endpoint_role[0]",
        {"attached_policies.0.name": "AmazonSageMakerFullAccess"},
    ),
    (
        "aws-ia/sagemaker-endpoint/aws", "0.0.1", "enable_network_isolation = true",
        "aws_sagemaker_model.sagemaker_model", {"network_isolated": True},
    ),
    (
        "aws-ia/bedrock/aws", "0.0.33",
        ('create_agent = false\ncreate_guardrail = true\n'
         'filters_config = [{ type = "HATE", input_strength = "LOW", output_strength = "HIGH" }]'),
        "awscc_bedrock_guardrail.guardrail[0]~2",
        {"content_filters.0.input_strength": "LOW", "pii_entities": [], "topics": []},
    ),
    (
        "aws-ia/bedrock/aws", "0.0.29", 'foundation_model = "m"\nkms_key_arn = "k"',
        "awscc_bedrock_agent.bedrock_agent[0]", {"kms_key": "k", "has_customer_key": True},
    ),
    (
        "aws-ia/bedrock/aws", "0.0.32", "create_agent = false\ncreate_default_kb = true",
        "awscc_bedrock_knowledge_base.knowledge_base_default[0]",
        {"kind": "VECTOR", "media_locations": []},
    ),
    (
        "aws-ia/bedrock/aws", "0.0.32", "create_agent = false\ncreate_default_kb = true",
        "aws_iam_role.bedrock_knowledge_base_role[0]",
        {"inline_statements.0.actions": ["aoss:*"], "trust.0.has_condition": False},
    ),
    (
        "terraform-google-modules/cloud-storage/google//modules/simple_bucket", "~> 12.0",
        ('name = "b"\nproject_id = "p"\nlocation = "EU"\n'
         'iam_members = [{ role = "roles/storage.objectViewer", member = "allUsers" }]'),
        "google_storage_bucket.bucket", {"bindings.0.members": ["allUsers"]},
    ),
    (
        "terraform-google-modules/service-accounts/google", "~> 4.2",
        'project_id = "p"\nnames = ["a"]\nproject_roles = ["p=>roles/editor"]',
        'google_project_iam_member.project-roles["a-p=>roles/editor"]',
        {"bindings.0.role": "roles/editor"},
    ),
    (
        "GoogleCloudPlatform/vertex-ai/google//modules/workbench", "~> 7.0",
        'name = "w"\nproject_id = "p"\nlocation = "l"\ndisable_public_ip = false',
        "google_workbench_instance.vertex_ai_workbench", {"has_public_address": True},
    ),
    (
        "Azure/avm-res-cognitiveservices-account/azurerm", "0.7.1",
        ('kind = "OpenAI"\nname = "a"\nlocation = "l"\nresource_group_name = "rg"\n'
         'sku_name = "S0"\nnetwork_acls = { default_action = "Deny", bypass = "None" }'),
        "azurerm_cognitive_account.this[0]",
        {"public_network": "Enabled", "default_action": "Deny", "bypass": "None"},
    ),
    (
        "Azure/avm-res-cognitiveservices-account/azurerm", "~> 0.11.0",
        (f'kind = "AIServices"\nname = "a"\nlocation = "l"\nparent_id = "{_GROUP}"\n'
         'sku_name = "S0"\nlocal_auth_enabled = false\npublic_network_access_enabled = false'),
        "azapi_resource.ai_service[0]",
        {"public_network": "Disabled", "local_auth_disabled": True, "kind": "AIServices"},
    ),
    (
        "Azure/avm-res-machinelearningservices-workspace/azurerm", "0.9.0",
        ('name = "w"\nlocation = "l"\nresource_group_name = "rg"\nkind = "Hub"\n'
         'public_network_access_enabled = true'),
        "azapi_resource.hub[0]",
        {"public_network": "Enabled", "isolation_mode": "Disabled", "kind": "Hub"},
    ),
    (
        "Azure/avm-res-storage-storageaccount/azurerm", "0.6.7",
        ('name = "s"\nlocation = "l"\nresource_group_name = "rg"\n'
         "shared_access_key_enabled = true"),
        "azurerm_storage_account.this",
        {"allows_shared_key": True, "default_action": "Deny", "public_network": "Disabled"},
    ),
    (
        "Azure/avm-res-storage-storageaccount/azurerm", "0.9.0",
        (f'name = "s"\nlocation = "l"\nparent_id = "{_GROUP}"\n'
         'network_rules = { default_action = "Allow" }\npublic_network_access_enabled = true'),
        "azapi_resource.this",
        {"default_action": "Allow", "public_network": "Enabled", "allows_shared_key": False},
    ),
    (
        "Azure/avm-res-keyvault-vault/azurerm", "0.10.2",
        ('name = "v"\nlocation = "l"\nresource_group_name = "rg"\ntenant_id = "t"\n'
         "purge_protection_enabled = false"),
        "azurerm_key_vault.this",
        {"purge_protection": False, "uses_rbac": True, "default_action": "Deny"},
    ),
    (
        "terraform-google-modules/kubernetes-engine/google//modules/private-cluster", "~> 44.0",
        ('name = "c"\nproject_id = "p"\nregion = "r"\nnetwork = "n"\nsubnetwork = "s"\n'
         'enable_private_endpoint = true\ndatapath_provider = "ADVANCED_DATAPATH"'),
        "google_container_cluster.primary",
        {"has_public_endpoint": False, "enforces_network_policies": True},
    ),
    (
        "terraform-google-modules/kubernetes-engine/google", "30.1.0",
        'name = "c"\nproject_id = "p"\nregion = "r"\nnetwork = "n"\nsubnetwork = "s"',
        "google_container_cluster.primary",
        {"has_public_endpoint": True, "control_plane_allows_any_address": True},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "version", "inputs", "address", "wanted"), CALLS)
def test_a_call_declares_what_the_module_would(
    source: str, version: str, inputs: str, address: str, wanted: dict[str, Any]
) -> None:
    text = f'module "m" {{\n  source = "{source}"\n  version = "{version}"\n{inputs}\n}}\n'
    made = resources_of(scope_of({"main.tf": text}))[f"module.m.{address}"]
    assert {path: _at(made.properties, path) for path in wanted} == wanted


def test_a_rule_of_a_group_whose_name_is_not_known_hides_its_ports_alone() -> None:
    text = (
        f'module "m" {{\n  source = "{_AWS}/security-group/aws"\n  version = "5.1.0"\n'
        '  name = "g"\n  ingress_cidr_blocks = ["0.0.0.0/0"]\n'
        '  ingress_rules = ["zipkin-web-tcp"]\n}\n'
    )
    made = resources_of(scope_of({"main.tf": text}))
    group = made["module.m.aws_security_group.this_name_prefix[0]"]
    assert any(name.startswith("ingress") for name in group.unread)
    assert "egress" not in group.unread


def test_the_policies_that_a_switch_attaches_are_named_and_not_taken_as_none() -> None:
    scope = scope_of({
        "main.tf": f'module "m" {{\n  source = "{_AWS}/iam/aws//modules/'
        'iam-role-for-service-accounts-eks"\n  version = "5.30.0"\n  role_name = "r"\n'
        "  attach_ebs_csi_policy = true\n}\n"
    })  # fmt: skip
    role = resources_of(scope)["module.m.aws_iam_role.this[0]"]
    assert any(name.startswith("attached_policies") for name in role.unread)
    assert any('inputs "attach_..."' in gap.detail for gap in scope.tally.gaps.values())


@pytest.mark.parametrize(
    ("block", "is_open"),
    [
        ("", True),
        ("master_authorized_networks_config {}\n", False),
        (
            'master_authorized_networks_config {\ncidr_blocks {\ncidr_block = "10.0.0.0/8"\n}\n}',
            False,
        ),
        (
            'master_authorized_networks_config {\ncidr_blocks {\ncidr_block = "0.0.0.0/0"\n}\n}',
            True,
        ),
    ],
)
def test_authorized_networks_are_on_where_the_block_is_there(block: str, is_open: bool) -> None:
    text = f'resource "google_container_cluster" "c" {{\nname = "c"\nlocation = "l"\n{block}\n}}\n'
    made = resources_of(scope_of({"main.tf": text}))["google_container_cluster.c"]
    assert made.properties["control_plane_allows_any_address"] is is_open


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


def test_the_log_group_that_a_network_makes_for_its_flow_log_is_a_gap() -> None:
    scope = scope_of({
        "main.tf": f'module "m" {{\n  source = "{_AWS}/vpc/aws"\n  version = "~> 5.0"\n'
        "  enable_flow_log = true\n  create_flow_log_cloudwatch_log_group = true\n}\n"
    })  # fmt: skip
    resources_of(scope)
    assert any("the role of its flow log" in gap.detail for gap in scope.tally.gaps.values())


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("", Status.FAIL),
        # Without the module's policy one that is not in the code may open it, or none
        ("  allow_opensearch_public_access = false\n", Status.NOT_ASSESSED),
    ],
)
def test_the_store_of_a_knowledge_base_is_open_where_the_module_is_not_told_otherwise(
    more: str, status: Status, tmp_path: Path
) -> None:
    repository = tmp_path / "repo"
    repository.mkdir()
    (repository / "main.tf").write_text(
        'module "m" {\n  source = "aws-ia/bedrock/aws"\n  version = "0.0.33"\n'
        f"  create_agent = false\n  create_default_kb = true\n{more}}}\n"
    )
    runs.mlsec("scan", repository, "-o", tmp_path / "out", "-f", "json")
    made = runs.load_assessment(tmp_path / "out")
    (found,) = [item for item in made.findings if item.rule == "aoss/collection-public-network"]
    assert found.status is status


def test_a_kendra_index_that_the_module_makes_is_a_gap() -> None:
    scope = scope_of({
        "main.tf": 'module "m" {\n  source = "aws-ia/bedrock/aws"\n  version = "0.0.33"\n'
        "  create_agent = false\n  create_kendra_config = true\n}\n"
    })  # fmt: skip
    made = resources_of(scope)["module.m.awscc_bedrock_knowledge_base.knowledge_base_kendra[0]"]
    assert "kendra_index" in made.unread
    assert any("its Kendra index" in gap.detail for gap in scope.tally.gaps.values())
