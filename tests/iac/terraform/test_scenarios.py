"""A root is judged with each file of values that it may be applied with."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.tally import Tally
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.iac.terraform import reader as terraform
from mlsec.iac.terraform.modules.code_files import MAX_SCENARIOS
from mlsec.repository.infrastructure import shapes_of
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY

BUCKET = (
    'variable "name" {%s}\nvariable "block" { default = true }\n'
    'resource "aws_s3_bucket" "b" {\n  bucket = var.name\n}\n'
    'resource "aws_s3_bucket_public_access_block" "b" {\n  bucket = aws_s3_bucket.b.id\n'
    "  block_public_acls = var.block\n}\n"
)
GIVEN, OPEN = BUCKET % ' default = "models" ', BUCKET % ""


def read(texts: dict[str, str]) -> tuple[CodeScope, dict[str, Resource]]:
    files = [
        CodeFile(
            id=path, path=path, text=text,
            language=Language.TERRAFORM if path.endswith(".tf") else Language.TERRAFORM_VALUES,
        )
        for path, text in texts.items()
    ]  # fmt: skip
    scope = CodeScope("code/t", files, Tally())
    found = terraform.read(scope, VOCABULARY, shapes_of).resources
    return scope, {resource.id: resource for resource in found}


def seen(texts: dict[str, str]) -> dict[str, tuple[str, object]]:
    _, found = read(texts)
    return {
        r.id: (r.origin.scenario, r.properties.get("block_public_acls")) for r in found.values()
    }


def test_without_files_of_values_there_is_one_way_and_it_has_no_name() -> None:
    assert seen({"main.tf": GIVEN}) == {".#aws_s3_bucket.b": ("", True)}


def test_each_file_of_values_is_one_more_way_and_says_its_name() -> None:
    files = {"main.tf": GIVEN, "dev.tfvars": "block = false\n", "prod.tfvars": "block = true\n"}
    assert seen(files) == {
        ".#aws_s3_bucket.b": ("no file of values", True),
        ".#aws_s3_bucket.b@dev.tfvars": ("dev.tfvars", False),
        ".#aws_s3_bucket.b@prod.tfvars": ("prod.tfvars", True),
    }


def test_a_root_that_needs_a_file_is_not_judged_without_one() -> None:
    files = {"main.tf": OPEN, "dev.tfvars": 'name = "d"\nblock = false\n'}
    assert seen(files) == {".#aws_s3_bucket.b": ("", False)}


def test_what_terraform_loads_itself_holds_in_every_way() -> None:
    files = {
        "main.tf": OPEN, "terraform.tfvars": "block = false\n",
        "a.tfvars": 'name = "a"\n', "b.tfvars": 'name = "b"\nblock = true\n',
    }  # fmt: skip
    assert seen(files) == {
        ".#aws_s3_bucket.b": ("a.tfvars", False),
        ".#aws_s3_bucket.b@b.tfvars": ("b.tfvars", True),
    }


def test_files_in_a_folder_below_are_for_the_root_whose_variables_they_set() -> None:
    files = {
        "infra/main.tf": OPEN, "infra/envs/dev.tfvars": 'name = "d"\n',
        "infra/envs/other.tfvars": "size = 1\n",
    }  # fmt: skip
    scope, found = read(files)
    assert list(found) == ["infra#aws_s3_bucket.b"]
    assert found["infra#aws_s3_bucket.b"].properties["block_public_acls"] is True
    assert "infra/envs/other.tfvars" in scope.doubts


def test_what_is_made_with_one_file_is_joined_to_nothing_of_another() -> None:
    files = {"main.tf": OPEN, "a.tfvars": 'name = "m"\nblock = false\n', "b.tfvars": 'name = "m"\n'}
    assert seen(files) == {
        ".#aws_s3_bucket.b": ("a.tfvars", False),
        ".#aws_s3_bucket.b@b.tfvars": ("b.tfvars", True),
    }


def test_more_files_than_are_tried_are_a_limit_that_is_reported() -> None:
    files = {"main.tf": GIVEN}
    files |= {f"v{n}.tfvars": "block = false\n" for n in range(MAX_SCENARIOS + 1)}
    scope, found = read(files)
    assert len(found) == MAX_SCENARIOS + 1
    assert f"v{MAX_SCENARIOS}.tfvars" in scope.refused


AGENT = (
    'variable "u" {}\nresource "aws_iam_role" "r" {\n  name = %s\n}\n'
    'resource "aws_bedrockagent_agent" "a" {\n  agent_name = "a"\n'
    "  agent_resource_role_arn = aws_iam_role.r.arn\n}\n"
)


def sharing(texts: dict[str, str]) -> list[int]:
    scope, found = read(texts)
    inventory = Inventory(
        resources=tuple(found.values()),
        gaps=tuple(scope.tally.gaps.values()),
        coverage=scope.tally.coverage(),
    )
    graph = build_graph(VOCABULARY, inventory, FACTS)
    agents = graph.of_type("aws.bedrock.agent")
    return [len(graph.targets(agent, "agents_with_same_role").resources) for agent in agents]


def test_a_role_is_not_shared_with_the_same_agent_made_with_other_values() -> None:
    files = {"main.tf": AGENT % '"r"', "a.tfvars": "u = 1\n", "b.tfvars": "u = 2\n"}
    assert sharing(files) == [0, 0]


def test_a_role_whose_name_is_not_known_is_not_shared_with_another_root() -> None:
    assert sharing({"x/main.tf": AGENT % "var.u", "y/main.tf": AGENT % "var.u"}) == [0, 0]
    assert sharing({"x/main.tf": AGENT % '"r"', "y/main.tf": AGENT % '"r"'}) == [1, 1]
