"""Calls of Azure Verified Modules are judged by what they make of their inputs."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import runs

CALLS = """\
resource "azurerm_resource_group" "rg" {{
  name     = "ml"
  location = "westeurope"
}}
module "openai" {{
  source              = "Azure/avm-res-cognitiveservices-account/azurerm"
  version             = "0.10.1"
  kind                = "OpenAI"
  name                = "assistant"
  location            = azurerm_resource_group.rg.location
  resource_group_name = azurerm_resource_group.rg.name
  sku_name            = "S0"
  local_auth_enabled  = {is_open}
}}
module "storage" {{
  source                    = "Azure/avm-res-storage-storageaccount/azurerm"
  version                   = "{storage}"
  name                      = "models"
  location                  = azurerm_resource_group.rg.location
  resource_group_name       = azurerm_resource_group.rg.name
  shared_access_key_enabled = {is_open}
}}
module "workspace" {{
  source                        = "Azure/avm-res-machinelearningservices-workspace/azurerm"
  version                       = "0.9.0"
  name                          = "ws"
  location                      = azurerm_resource_group.rg.location
  resource_group_name           = azurerm_resource_group.rg.name
  storage_account               = {{ resource_id = module.storage.resource_id }}
  public_network_access_enabled = {is_open}
}}
"""
ASKED = {
    "azure-ai/account-local-auth",
    "azure-storage/account-shared-key",
    "azure-ml/workspace-public-network",
}
TYPES = {"azure.cognitive.account", "azure.ml.workspace", "azure.storage.account"}


def _judged(folder: Path, is_open: str, storage: str = "0.6.7") -> Assessment:
    folder.mkdir()
    (folder / "main.tf").write_text(CALLS.format(is_open=is_open, storage=storage))
    runs.mlsec("scan", folder, "-o", folder / "out", "-f", "json", "--fail-on", "none")
    return runs.load_assessment(folder / "out")


def _of(made: Assessment, status: Status) -> set[str]:
    return {item.rule for item in made.findings if item.status is status} & ASKED


def test_what_the_inputs_open_fails_and_what_they_close_does_not(tmp_path: Path) -> None:
    assert _of(_judged(tmp_path / "open", "true"), Status.FAIL) == ASKED
    closed = _judged(tmp_path / "closed", "false")
    assert _of(closed, Status.FAIL) | _of(closed, Status.NOT_ASSESSED) == set()
    assert {item.type for item in closed.coverage.rows if item.assessed} >= TYPES


def test_a_release_that_nobody_compared_is_a_gap_and_no_pass(tmp_path: Path) -> None:
    made = _judged(tmp_path / "later", "false", storage="0.10.0")
    assert "azure.storage.account" not in made.coverage.types
    assert any("of its releases only" in gap.detail for gap in made.gaps)
