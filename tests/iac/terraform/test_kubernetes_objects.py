"""Objects that Terraform applies to a cluster are judged as those of a manifest."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeScope, Language
from mlsec.core.resource import Resource
from mlsec.iac.terraform import reader as terraform
from mlsec.iac.terraform.values import Joined, Symbol
from mlsec.providers.kubernetes.manifests import manifests
from mlsec.repository.infrastructure import shapes_of
from tests.iac.reading import VOCABULARY, scope_of
from tests.iac.terraform.written import body

NATIVE = """
resource "kubernetes_manifest" "s" {
  manifest = {
    apiVersion = "v1"
    kind       = "Service"
    metadata   = { name = "llm", namespace = "serving" }
    spec = {
      type = "LoadBalancer"
    }
  }
}
"""
TEXT = """
variable "n" {}
resource "aws_s3_bucket" "b" {}
resource "kubectl_manifest" "d" {
  yaml_body = <<-YAML
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: llm, namespace: serving}
    spec:
      replicas: ${var.n}
      template:
        spec:
          hostNetwork: true
          containers:
            - {name: c, image: "vllm:${var.n}", env: [{name: B, value: "${aws_s3_bucket.b.arn}"}]}
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: llm, namespace: serving}
  YAML
}
"""


def objects(text: str) -> tuple[CodeScope, dict[str, Resource]]:
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    terraform.read(scope, VOCABULARY, shapes_of)
    found = manifests.read(scope, VOCABULARY).resources
    return scope, {resource.type: resource for resource in found}


def test_a_manifest_in_the_language_itself_is_an_object_with_the_lines_of_its_keys() -> None:
    _, found = objects(NATIVE)
    service = found["kubernetes.service"]
    assert service.properties["kind"] == "LoadBalancer"
    assert service.origin.file == "main.tf"
    assert service.places["kind"] == "main.tf:8:7"


def test_every_document_of_a_text_is_an_object_and_only_its_holes_are_unknown() -> None:
    scope, found = objects(TEXT)
    assert found["kubernetes.workload"].properties["host_network"] is True
    assert found["kubernetes.workload"].origin.line == 5
    assert not [gap for gap in scope.tally.gaps.values() if "kubectl" in gap.detail]


def test_a_text_that_is_not_known_is_a_gap_and_no_object() -> None:
    scope, found = objects('resource "kubectl_manifest" "d" {\n  yaml_body = file("x.yaml")\n}\n')
    assert found == {}
    (gap,) = [gap.detail for gap in scope.tally.gaps.values() if "kubectl" in gap.detail]
    assert "scan the cluster" in gap


def test_a_hole_that_may_change_the_form_of_a_text_hides_all_of_it() -> None:
    scope, found = objects(
        'variable "more" {}\nresource "kubectl_manifest" "d" {\n  yaml_body = <<-YAML\n'
        "    apiVersion: v1\n    kind: Pod\n    ${var.more}\n  YAML\n}\n"
    )
    assert found == {}
    assert [gap for gap in scope.tally.gaps.values() if "whose form only the apply" in gap.detail]


def test_a_chart_that_is_installed_is_a_gap_that_names_it() -> None:
    scope, _ = objects(
        'resource "helm_release" "r" {\n  name = "ray"\n  repository = "https://x.example"\n'
        '  chart = "kuberay"\n}\nresource "helm_release" "l" {\n  name = "l"\n'
        '  chart = "./charts/l"\n}\n'
    )
    details = [g.detail for g in scope.tally.gaps.values() if "helm_release" in g.detail]
    assert "the chart kuberay of https://x.example is not in this folder" in details[0]
    assert "helm template l ./charts/l" in details[1]


def test_a_template_that_is_deployed_is_a_gap_that_names_it() -> None:
    scope, _ = objects(
        'resource "azurerm_template_deployment" "w" {\n  template_body = "{}"\n}\n'
        'resource "azurerm_resource_group" "g" {\n  name = "g"\n}\n'
    )
    (detail,) = [gap.detail for gap in scope.tally.gaps.values() if "template" in gap.detail]
    assert detail.startswith("azurerm_template_deployment.w deploys a template of ARM")


def test_yaml_with_holes_is_decoded_around_them() -> None:
    found = body(
        'resource "aws_z" "z" {}\nresource "aws_x" "y" {\n'
        '  v = yamldecode("a: {b: 1, c: ${aws_z.z.arn}, d: x-${aws_z.z.arn}}")\n}\n'
    )
    arn = Symbol("aws_z.z", ("arn",))
    assert found == {"v": {"a": {"b": 1, "c": arn, "d": Joined(("x-", arn))}}}
