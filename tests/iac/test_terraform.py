"""Terraform says what the account will say once it is applied, or that it cannot know."""

from __future__ import annotations

from typing import Any

from mlsec.collect.code.code_file import Language
from mlsec.core.resource import Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.iac.terraform import reader as terraform
from mlsec.repository.infrastructure import shapes_of
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "models"\n}\n'


def declared(text: str) -> dict[str, Resource]:
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    found = inventory_of(scope).resources
    return {resource.id.partition("#")[2]: resource for resource in found}


def properties(text: str, address: str) -> Any:
    return declared(text)[address].properties


def graph_of(text: str) -> Graph:
    return build_graph(
        VOCABULARY, inventory_of(scope_of({"main.tf": text}, Language.TERRAFORM)), FACTS
    )


def test_a_new_bucket_has_what_the_service_gives_to_new_buckets() -> None:
    found = properties(BUCKET, "aws_s3_bucket.b")
    assert found["block_public_acls"] is True
    assert found["encryption_algorithm"] == "AES256"
    assert found["versioning"] == "Disabled"
    assert found["logs_access"] is False
    assert found["policy"] == []


def test_the_settings_of_a_bucket_stand_in_resources_of_their_own() -> None:
    found = properties(
        BUCKET + 'resource "aws_s3_bucket_public_access_block" "b" {\n'
        "  bucket = aws_s3_bucket.b.id\n  block_public_acls = true\n}\n"
        'resource "aws_s3_bucket_versioning" "b" {\n  bucket = aws_s3_bucket.b.bucket\n'
        '  versioning_configuration {\n    status = "Enabled"\n  }\n}\n'
        'resource "aws_s3_bucket_server_side_encryption_configuration" "b" {\n'
        '  bucket = "models"\n  rule {\n    apply_server_side_encryption_by_default {\n'
        '      sse_algorithm = "aws:kms"\n      kms_master_key_id = aws_kms_key.k.arn\n    }\n'
        '  }\n}\nresource "aws_kms_key" "k" {}\n'
        'resource "aws_s3_bucket_policy" "b" {\n  bucket = aws_s3_bucket.b.id\n'
        '  policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*",\n'
        '    Action = "s3:GetObject", Resource = "${aws_s3_bucket.b.arn}/*" }] })\n}\n',
        "aws_s3_bucket.b",
    )
    # The provider leaves each of the other three off.
    blocks = ("block_public_acls", "ignore_public_acls", "block_public_policy")
    assert [found[name] for name in blocks] == [True, False, False]
    assert found["versioning"] == "Enabled"
    assert found["encryption_algorithm"] == "aws:kms"
    assert found["encryption_key"] == "arn:aws:kms:region:000000000000:key/aws-kms-key-k"
    assert found["policy"][0]["resources"] == ["arn:aws:s3:::models/*"]


def test_settings_that_stand_in_the_bucket_are_read_as_well() -> None:
    found = properties(
        'resource "aws_s3_bucket" "b" {\n  bucket = "models"\n  acl = "public-read"\n'
        "  versioning {\n    enabled = true\n  }\n  logging {\n"
        '    target_bucket = "logs"\n  }\n}\n',
        "aws_s3_bucket.b",
    )
    assert found["versioning"] == "Enabled"
    assert found["log_bucket_name"] == "logs"
    assert found["acl"][0]["permission"] == "READ"


def test_what_serves_is_joined_to_what_it_is_made_of() -> None:
    graph = graph_of(
        BUCKET + 'resource "aws_iam_role" "r" {\n  name = "serve"\n'
        '  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",\n'
        '    Principal = { Service = "sagemaker.amazonaws.com" }, Action = "sts:AssumeRole" }] })\n'
        '}\nresource "aws_iam_role_policy_attachment" "a" {\n  role = aws_iam_role.r.name\n'
        '  policy_arn = "arn:aws:iam::aws:policy/AmazonS3FullAccess"\n}\n'
        'resource "aws_sagemaker_model" "m" {\n  execution_role_arn = aws_iam_role.r.arn\n'
        '  primary_container {\n    image = "${aws_ecr_repository.e.repository_url}:1"\n'
        '    model_data_url = "s3://${aws_s3_bucket.b.id}/m.tar.gz"\n  }\n}\n'
        'resource "aws_ecr_repository" "e" {\n  name = "serve"\n}\n'
        'resource "aws_sagemaker_endpoint_configuration" "c" {\n  production_variants {\n'
        '    variant_name = "v"\n    model_name = aws_sagemaker_model.m.name\n  }\n}\n'
        'resource "aws_sagemaker_endpoint" "s" {\n'
        "  endpoint_config_name = aws_sagemaker_endpoint_configuration.c.name\n}\n"
    )
    endpoint = graph.resources[".#aws_sagemaker_endpoint.s"]
    targets = {
        relation: [each.id for each in graph.targets(endpoint, relation).resources]
        for relation in ("config", "models", "role", "artifact_buckets", "image_repositories")
    }
    assert targets == {
        "config": [".#aws_sagemaker_endpoint_configuration.c"],
        "models": [".#aws_sagemaker_model.m"],
        "role": [".#aws_iam_role.r"],
        "artifact_buckets": [".#aws_s3_bucket.b"],
        "image_repositories": [".#aws_ecr_repository.e"],
    }
    role = graph.resources[".#aws_iam_role.r"]
    assert [each["name"] for each in role.properties["attached_policies"]] == ["AmazonS3FullAccess"]


def test_what_a_variable_hides_is_unread_and_the_variable_named() -> None:
    scope = scope_of(
        {
            "main.tf": 'variable "net" {}\nresource "aws_sagemaker_notebook_instance" "n" {\n'
            '  name = "n"\n  direct_internet_access = var.net\n  root_access = "Disabled"\n}\n'
        },
        Language.TERRAFORM,
    )
    (notebook,) = [r for r in inventory_of(scope).resources if r.type.endswith("notebook")]
    assert notebook.properties["root_access"] == "Disabled"
    (gap,) = notebook.unread["direct_internet"]
    assert "var.net has no default" in scope.tally.gaps[gap].detail


def test_a_value_points_at_its_line_in_the_resource() -> None:
    found = declared(
        'locals {\n  open = "Enabled"\n}\nresource "aws_sagemaker_notebook_instance" "n" {\n'
        '  name = "n"\n\n  direct_internet_access = local.open\n}\n'
    )["aws_sagemaker_notebook_instance.n"]
    assert found.places["direct_internet"] == "main.tf:7:3"
    assert (found.origin.file, found.origin.line) == ("main.tf", 4)


def test_the_tags_of_the_provider_are_on_everything() -> None:
    found = declared(
        'provider "aws" {\n  default_tags {\n    tags = { owner = "ml", stage = "x" }\n  }\n}\n'
        'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n  tags = { stage = "prod" }\n}\n'
    )["aws_s3_bucket.b"]
    assert found.properties["tags"] == {"owner": "ml", "stage": "prod"}


def test_json_in_a_heredoc_is_known_but_for_its_holes() -> None:
    found = properties(
        'variable "who" {}\n' + BUCKET + 'resource "aws_s3_bucket_policy" "p" {\n'
        "  bucket = aws_s3_bucket.b.id\n  policy = <<-EOT\n"
        '    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*",\n'
        '      "Resource": "arn:aws:s3:::${var.who}/*"}]}\n  EOT\n}\n',
        "aws_s3_bucket.b",
    )
    assert found["policy"][0]["principals"] == ["*"]
    assert found["policy"][0]["resources"] == ["arn:aws:s3:::‹var.who›/*"]


def test_without_the_parser_every_file_is_a_gap_that_says_what_to_install() -> None:
    scope = scope_of({"main.tf": BUCKET}, Language.TERRAFORM)
    found = terraform.read(scope, VOCABULARY, shapes_of, has_parser=False)
    assert found.resources == ()
    (gap,) = scope.tally.gaps.values()
    assert "mlsec doctor names the command" in gap.detail
    assert list(scope.refused) == ["repo/main.tf"]


def test_what_no_rule_reads_is_counted() -> None:
    scope = scope_of({"main.tf": 'resource "random_id" "x" {}\n'}, Language.TERRAFORM)
    coverage = {row.type: row for row in inventory_of(scope).coverage.rows}
    assert coverage["random_id"].excluded == 1


def test_what_is_drawn_at_random_is_one_text_that_names_stand_on() -> None:
    graph = graph_of(
        'resource "random_id" "s" {\n  byte_length = 4\n}\nresource "aws_sagemaker_model" "m" {\n'
        '  name = "m-${random_id.s.hex}"\n}\n'
        'resource "aws_sagemaker_endpoint_configuration" "c" {\n  production_variants {\n'
        '    variant_name = "v"\n    model_name = "m-${random_id.s.hex}"\n  }\n}\n'
    )
    config = graph.resources[".#aws_sagemaker_endpoint_configuration.c"]
    assert [each.id for each in graph.targets(config, "models").resources] == [
        ".#aws_sagemaker_model.m"
    ]
    assert graph.targets(config, "models").gaps == ()


def test_an_unknown_image_says_nothing_of_where_the_weights_lie() -> None:
    graph = graph_of(
        BUCKET + 'variable "image" {}\nresource "aws_sagemaker_model" "m" {\n  name = "m"\n'
        "  primary_container {\n    image = var.image\n"
        '    model_data_url = "s3://models/m.tar.gz"\n  }\n}\n'
    )
    model = graph.resources[".#aws_sagemaker_model.m"]
    buckets = graph.targets(model, "artifact_buckets")
    assert ([each.id for each in buckets.resources], buckets.gaps) == ([".#aws_s3_bucket.b"], ())
    assert graph.targets(model, "image_repositories").gaps


def test_ports_that_are_written_as_text_are_numbers() -> None:
    found = properties(
        'resource "aws_security_group" "g" {\n  ingress {\n    from_port = "8888"\n'
        '    to_port = "8888"\n    protocol = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n',
        "aws_security_group.g",
    )
    assert found["public_sensitive_ports"] == ["8888"]
    assert found["egress"] == []


def test_names_of_cloudformation_and_of_arm_are_read_by_their_own_tables() -> None:
    found = declared(
        'resource "awscc_sagemaker_model" "m" {\n  model_name = "m"\n'
        "  execution_role_arn = awscc_iam_role.r.arn\n  enable_network_isolation = true\n}\n"
        'resource "awscc_iam_role" "r" {\n  role_name = "r"\n}\n'
        'resource "azapi_resource" "a" {\n'
        '  type = "Microsoft.CognitiveServices/accounts@2024-10-01"\n  name = "ai"\n'
        '  parent_id = azurerm_resource_group.g.id\n  body = {\n    kind = "OpenAI"\n'
        '    properties = { publicNetworkAccess = "Disabled", disableLocalAuth = true }\n  }\n}\n'
        'resource "azurerm_resource_group" "g" {\n  name = "ML"\n}\n'
    )  # fmt: skip
    model, account = found["awscc_sagemaker_model.m"], found["azapi_resource.a"]
    assert model.type == "aws.sagemaker.model"
    assert model.properties["network_isolated"] is True
    assert model.properties["execution_role"] == "arn:aws:iam::000000000000:role/r"
    assert account.type == "azure.cognitive.account"
    assert (account.properties["kind"], account.properties["public_network"]) == (
        "OpenAI", "Disabled",
    )  # fmt: skip
    assert account.identity.endswith(
        "/resourcegroups/ml/providers/microsoft.cognitiveservices/accounts/ai"
    )


def test_what_the_azure_provider_says_in_yes_and_no_is_in_the_words_of_the_api() -> None:
    found = declared(
        'resource "azurerm_cognitive_account" "a" {\n  name = "ai"\n  resource_group_name = "g"\n'
        '  kind = "OpenAI"\n  sku_name = "S0"\n  local_auth_enabled = false\n'
        "  public_network_access_enabled = false\n}\n"
        'resource "azurerm_private_endpoint" "p" {\n  name = "p"\n  private_service_connection {\n'
        '    name = "c"\n    is_manual_connection = false\n'
        "    private_connection_resource_id = azurerm_cognitive_account.a.id\n  }\n}\n"
        'resource "azurerm_monitor_diagnostic_setting" "d" {\n  name = "d"\n'
        "  target_resource_id = azurerm_cognitive_account.a.id\n"
        '  log_analytics_workspace_id = "w"\n  enabled_log {\n'
        '    category = "RequestResponse"\n  }\n}\n'
    )["azurerm_cognitive_account.a"].properties  # fmt: skip
    assert (found["public_network"], found["local_auth_disabled"]) == ("Disabled", True)
    assert found["private_endpoints"] == [{"status": "Approved"}]
    assert found["logs_requests"] is True


def test_members_of_a_google_bucket_are_resources_of_their_own() -> None:
    found = declared(
        'resource "google_storage_bucket" "b" {\n  name = "models"\n  location = "EU"\n}\n'
        'resource "google_storage_bucket_iam_member" "m" {\n'
        "  bucket = google_storage_bucket.b.name\n"
        '  role = "roles/storage.objectViewer"\n  member = "allUsers"\n}\n'
    )["google_storage_bucket.b"].properties
    assert found["uniform_access"] is False
    assert found["bindings"] == [
        {"role": "roles/storage.objectViewer", "members": ["allUsers"], "condition": None}
    ]


def _hidden(text: str, name: str) -> tuple[str, ...]:
    """Why a property of the bucket is not known, () when it is."""
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    (found,) = [r for r in inventory_of(scope).resources if r.type == "aws.s3.bucket"]
    return tuple(scope.tally.gaps[gap].detail for gap in found.unread.get(name, ()))


def _versioning(label: str, status: str, more: str = "") -> str:
    return (
        f'resource "aws_s3_bucket_versioning" "{label}" {{\n  bucket = aws_s3_bucket.b.bucket\n'
        f'{more}\n  versioning_configuration {{\n    status = "{status}"\n  }}\n}}\n'
    )


def test_of_two_that_say_different_things_of_one_bucket_neither_is_believed() -> None:
    on, off = _versioning("a", "Enabled"), _versioning("z", "Suspended")
    why = ("versioning: more than one aws_s3_bucket_versioning defines it",)
    assert _hidden(BUCKET + on + off, "versioning") == why
    same = BUCKET + on + _versioning("z", "Enabled")
    assert properties(same, "aws_s3_bucket.b")["versioning"] == "Enabled"


def test_two_policies_of_one_bucket_are_not_one_policy() -> None:
    policies = "".join(
        f'resource "aws_s3_bucket_policy" "{who}" {{\n  bucket = aws_s3_bucket.b.id\n  policy = '
        f'jsonencode({{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Principal = '
        f'"{who}", Action = "s3:GetObject", Resource = "*" }}] }})\n}}\n'
        for who in ("one", "other")
    )
    assert _hidden(BUCKET + policies, "policy")


def test_a_setting_that_may_not_be_declared_says_nothing_for_sure() -> None:
    text = 'variable "on" {}\n' + _versioning("a", "Enabled", "  count = var.on ? 1 : 0")
    why = "versioning: aws_s3_bucket_versioning.a may be there or not: var.on has no default"
    assert _hidden(BUCKET + text, "versioning") == (why,)
    bucket = BUCKET.replace("{", "{\n  count = var.on ? 1 : 0", 1)
    both = text.replace("aws_s3_bucket.b.bucket", "aws_s3_bucket.b[0].bucket")
    assert properties(bucket + both, "aws_s3_bucket.b")["versioning"] == "Enabled"


def test_a_policy_that_may_not_be_attached_hides_only_what_it_would_change() -> None:
    role = (
        'variable "on" {}\nresource "aws_iam_role" "r" {\n  name = "r"\n  path = "/ml/"\n}\n'
        'resource "aws_iam_role_policy_attachment" "a" {\n  count = var.on ? 1 : 0\n'
        '  role = aws_iam_role.r.name\n  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"\n}\n'
    )
    found = declared(role)["aws_iam_role.r"]
    assert found.properties["path"] == "/ml/"
    assert any(name.startswith("attached_policies") for name in found.unread)


def test_the_name_of_a_bucket_that_aws_names_leads_to_it() -> None:
    bucket = 'resource "aws_s3_bucket" "b" {\n  bucket_prefix = "models"\n}\n'
    found = properties(bucket + _versioning("a", "Suspended"), "aws_s3_bucket.b")
    assert found["versioning"] == "Suspended"


def test_a_bucket_whose_own_list_is_public_is_not_taken_to_be_blocked() -> None:
    public = BUCKET.replace('"models"', '"models"\n  acl = "public-read"')
    assert properties(public, "aws_s3_bucket.b")["ignore_public_acls"] is False
    hidden = 'variable "acl" {}\n' + public.replace('"public-read"', "var.acl")
    assert _hidden(hidden, "ignore_public_acls")


def test_a_setting_of_what_is_not_declared_is_counted_as_left_out() -> None:
    scope = scope_of(
        {"main.tf": _versioning("a", "Enabled").replace("aws_s3_bucket.b.bucket", '"elsewhere"')},
        Language.TERRAFORM,
    )
    rows = {row.type: row for row in inventory_of(scope).coverage.rows}
    row = rows["aws_s3_bucket_versioning"]
    assert (row.assessed, row.excluded) == (0, 1)
    assert row.excluded_because == "what it belongs to is not declared in this code"


def test_a_setting_that_names_nothing_is_counted_as_left_out() -> None:
    nameless = _versioning("a", "Enabled").replace("bucket = aws_s3_bucket.b.bucket", "")
    scope = scope_of({"main.tf": nameless}, Language.TERRAFORM)
    rows = {row.type: row for row in inventory_of(scope).coverage.rows}
    assert rows["aws_s3_bucket_versioning"].excluded == 1


def test_an_address_that_is_taken_is_told() -> None:
    scope = scope_of({"main.tf": BUCKET + BUCKET}, Language.TERRAFORM)
    inventory_of(scope)
    (told,) = [gap.detail for gap in scope.tally.gaps.values() if "more than once" in gap.detail]
    assert told == "aws_s3_bucket.b is declared more than once, and only the first was judged"


def test_what_an_alarm_watches_is_read_from_its_own_dimensions_and_from_its_queries() -> None:
    alarm = 'resource "aws_cloudwatch_metric_alarm" "a" {\n  alarm_name = "a"\n'
    metric = (
        'namespace = "AWS/SageMaker"\n metric_name = "Invocations"\n'
        ' dimensions = { EndpointName = "e", VariantName = "v" }\n'
    )
    own = properties(f"{alarm}{metric}}}\n", "aws_cloudwatch_metric_alarm.a")
    query = f'metric_query {{\n id = "m"\n metric {{\n {metric} }}\n }}\n'
    asked = properties(f"{alarm}{query}}}\n", "aws_cloudwatch_metric_alarm.a")
    told = [(each["namespaces"], each["metrics"], each["endpoint_names"]) for each in (own, asked)]
    assert told == [(["AWS/SageMaker"], ["Invocations"], ["e"])] * 2


def test_what_a_block_that_is_cut_short_lacks_is_not_known_and_no_default() -> None:
    text = 'resource "aws_sagemaker_notebook_instance" "n" {\n  name = "n"\n  subnet_id = "sub'
    (found,) = declared(text).values()
    assert "direct_internet" not in found.properties
    assert "direct_internet" in found.unread


def test_a_block_that_stands_once_gives_all_that_it_sets() -> None:
    found = properties(
        'resource "aws_eks_cluster" "c" {\n  name = "c"\n  vpc_config {\n'
        '    subnet_ids = ["subnet-1"]\n    security_group_ids = ["sg-1"]\n  }\n}\n',
        "aws_eks_cluster.c",
    )
    assert found["subnet_ids"] == ["subnet-1"]
    assert found["security_group_ids"] == ["sg-1"]


def test_settings_of_a_bucket_may_go_by_the_id_of_another_setting() -> None:
    found = properties(
        BUCKET + 'resource "aws_s3_bucket_policy" "p" {\n  bucket = aws_s3_bucket.b.id\n'
        '  policy = "{}"\n}\nresource "aws_s3_bucket_public_access_block" "p" {\n'
        "  bucket = aws_s3_bucket_policy.p.id\n  block_public_acls = true\n}\n",
        "aws_s3_bucket.b",
    )
    assert [found["block_public_acls"], found["ignore_public_acls"]] == [True, False]
