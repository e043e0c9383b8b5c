"""Data sources whose answer the code itself says: who applies it, where, and policy documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.evaluation.located_blocks import node_value
from mlsec.iac.terraform.functions.table import call
from mlsec.iac.terraform.modules import policy_document
from mlsec.iac.terraform.modules.instances import MADE_UP, ResourceSpace
from mlsec.iac.terraform.values import Encoded, Symbol, Value, join_text, own

_REMOTE = "terraform_remote_state"


class DataSpace(ResourceSpace):
    """What a reference to a data source sees."""

    def evaluated(self) -> Mapping[str, Value]:
        """Give all that the code sets, without places."""
        scope = self.instances.scope
        result = scope.once((self.instance.address, "*"), lambda: node_value(self.body()))
        return result if isinstance(result, dict) else {}

    def get(self, name: str) -> Value:
        """Give an attribute: computed here, as the code sets it, or a symbol for what exists."""
        result = attribute(self, name)
        if result is not None:
            return result
        set_here = self.configured(name)
        if set_here is not None:
            return set_here
        if name in MADE_UP:
            return Symbol(self.instance.address, (name,))
        shown = f"{self.instance.address}.{name}"
        # What another root module exports does not belong to this one.
        among = () if self.instances.key[0] == _REMOTE else None
        return UnknownValue(f"{shown} is looked up at the apply", f"‹{shown}›", among=among)


def attribute(data: DataSpace, name: str) -> Value:
    """Give an attribute that is known from the code, or None."""
    kind = data.instances.key[0]
    result = _OWN.get((kind, name))
    if result is not None:
        return result
    derive = _DERIVED.get(kind)
    return derive(data, name) if derive is not None else None


def _region(data: DataSpace, name: str) -> Value:
    if name not in ("name", "id", "region") or data.configured("region") is not None:
        return None
    # What is declared has no region of its own in an id, so that this matches such ids.
    return own("region")


def _project(data: DataSpace, name: str) -> Value:
    if name in ("project_id", "project", "id"):
        result = data.configured("project_id") or own("project")
        return join_text(["projects/", result]) if name == "id" else result
    if name == "number":
        return own("project_number")
    return _provider(data, name) if name in ("region", "zone") else None


def _subscription(data: DataSpace, name: str) -> Value:
    result = data.configured("subscription_id") or own("subscription")
    if name == "subscription_id":
        return result
    return join_text(["/subscriptions/", result]) if name == "id" else None


def _azure_group(data: DataSpace, name: str) -> Value:
    result = data.configured("name")
    if name != "id" or result is None:
        return result if name == "name" else None
    return join_text(["/subscriptions/", own("subscription"), "/resourceGroups/", result])


def _azure_role(data: DataSpace, name: str) -> Value:
    """A role is found by its name, or its own id; what it is called stands for its id."""
    result = data.configured("role_definition_id") or data.configured("name")
    if name in ("id", "role_definition_id") and result is not None:
        return join_text(["/providers/Microsoft.Authorization/roleDefinitions/", result])
    return data.configured("name") if name == "name" else None


def _provider(data: DataSpace, name: str) -> Value:
    block = data.instances.placed.block
    return data.instances.scope.providers.of_resource(block).get(name)


def _partition(data: DataSpace, name: str) -> Value:
    region = _provider(data, "region")
    is_china = isinstance(region, str) and region.startswith("cn-")
    is_gov = isinstance(region, str) and region.startswith("us-gov-")
    if name in ("partition", "id"):
        return "aws-cn" if is_china else ("aws-us-gov" if is_gov else "aws")
    if name == "dns_suffix":
        return "amazonaws.com.cn" if is_china else "amazonaws.com"
    return None


def _policy(data: DataSpace, name: str) -> Value:
    if name not in ("json", "minified_json"):
        return None
    return policy_document.document(data.evaluated(), data.instances.scope.evaluator.budget)


def _bindings(data: DataSpace, name: str) -> Value:
    if name != "policy_data":
        return None
    result = data.evaluated()
    return Encoded({"bindings": result.get("binding", [])}) if "binding" in result else None


def _bucket(data: DataSpace, name: str) -> Value:
    result = data.configured("bucket")
    if name in ("id", "bucket"):
        return result
    return join_text(["arn:aws:s3:::", result]) if name == "arn" and result is not None else None


def _gcp_bucket(data: DataSpace, name: str) -> Value:
    return data.configured("name") if name in ("id", "name") else None


def _template(data: DataSpace, name: str) -> Value:
    if name != "rendered":
        return None
    template = data.configured("template")
    given = [template, data.configured("vars") or {}]
    evaluator = data.instances.evaluator(data.instance)
    return call("templatestring", given, evaluator) if template is not None else None


_OWN: dict[tuple[str, str], Value] = {
    ("aws_caller_identity", "account_id"): own("account"),
    ("aws_caller_identity", "id"): own("account"),
    ("aws_canonical_user_id", "id"): own("owner"),
    ("azurerm_client_config", "subscription_id"): own("subscription"),
    ("azurerm_client_config", "tenant_id"): own("tenant"),
    ("azurerm_client_config", "object_id"): own("principal"),
    ("azurerm_client_config", "client_id"): own("client"),
}
_DERIVED: dict[str, Callable[[DataSpace, str], Value]] = {
    "aws_region": _region,
    "aws_s3_bucket": _bucket,
    "google_iam_policy": _bindings,
    "google_storage_bucket": _gcp_bucket,
    "aws_partition": _partition,
    "aws_iam_policy_document": _policy,
    "azurerm_subscription": _subscription,
    "azurerm_resource_group": _azure_group,
    "azurerm_role_definition": _azure_role,
    "google_project": _project,
    "google_client_config": _project,
    "template_file": _template,
}
