"""What the calls of Python deploy: the same types as templates and files declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.resource import Inventory, Resource
from tests.servers.config.declared import seen

LOCAL_SESSION = """\
s = sagemaker.local.LocalSession()
HuggingFaceModel(role='r', sagemaker_session=s).deploy(1, 'ml.m5.large')
"""
ML = "from sagemaker.huggingface import HuggingFaceModel\nimport boto3, json, sagemaker\n"


def inventory_of(folder: Path, text: str) -> Inventory:
    """All that a Python file declares."""
    return seen(folder, {"deploy.py": text}).inventory


def only(folder: Path, text: str, type_: str) -> Resource:
    """The one thing of a type that a Python file declares."""
    (resource,) = (r for r in inventory_of(folder, text).resources if r.type == type_)
    return resource


def test_arguments_of_boto3_are_what_is_made_and_stand_on_the_line_of_the_call(
    tmp_path: Path,
) -> None:
    text = (
        "import boto3\nsm = boto3.client('sagemaker')\n"
        "sm.create_notebook_instance(\n    NotebookInstanceName='nb',\n"
        "    DirectInternetAccess='Enabled',\n)\n"
    )
    notebook = only(tmp_path, text, "aws.sagemaker.notebook")
    assert (notebook.name, notebook.properties["direct_internet"]) == ("nb", "Enabled")
    assert (notebook.origin.file, notebook.origin.line) == ("deploy.py", 3)
    assert notebook.places["direct_internet"].startswith("deploy.py:5:")


def test_what_is_not_given_is_what_the_service_does(tmp_path: Path) -> None:
    text = (
        "import boto3\nboto3.client('sagemaker').create_model(ModelName='m',"
        " ExecutionRoleArn='r', PrimaryContainer={'Image': 'i'})"
    )
    model = only(tmp_path, text, "aws.sagemaker.model")
    assert model.properties["network_isolated"] is False


def test_a_value_that_only_a_run_gives_is_unknown(tmp_path: Path) -> None:
    text = (
        "import boto3\ndef f(isolate):\n    boto3.client('sagemaker').create_model("
        "ModelName='m', ExecutionRoleArn='r', EnableNetworkIsolation=isolate)"
    )
    model = only(tmp_path, text, "aws.sagemaker.model")
    assert "network_isolated" in model.unread


def test_arguments_behind_stars_leave_the_rest_unknown(tmp_path: Path) -> None:
    text = (
        "import boto3\ndef f(more):\n"
        "    boto3.client('sagemaker').create_model(ModelName='m', **more)"
    )
    model = only(tmp_path, text, "aws.sagemaker.model")
    assert "network_isolated" in model.unread


def test_what_one_call_answers_is_what_the_next_one_is_given(tmp_path: Path) -> None:
    text = (
        "import boto3, json\niam = boto3.client('iam')\n"
        "role = iam.create_role(RoleName='kb', AssumeRolePolicyDocument=json.dumps("
        "{'Version': '2012-10-17', 'Statement': []}))\n"
        "iam.attach_role_policy(RoleName='kb',"
        " PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')\n"
        "boto3.client('bedrock-agent').create_knowledge_base(name='k',"
        " roleArn=role['Role']['Arn'], knowledgeBaseConfiguration={'type': 'VECTOR'})\n"
    )
    resources = {r.type: r for r in inventory_of(tmp_path, text).resources}
    role = resources["aws.iam.role"]
    assert resources["aws.bedrock.knowledge_base"].properties["role_arn"] == role.known_as
    (policy,) = role.properties["attached_policies"]
    assert policy["name"] == "AdministratorAccess"


def test_a_bucket_has_what_the_calls_about_it_set(tmp_path: Path) -> None:
    text = (
        "import boto3\ns3 = boto3.client('s3')\nb = 'models'\ns3.create_bucket(Bucket=b)\n"
        "s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={'Status': 'Enabled'})\n"
        "boto3.client('sagemaker').create_model(ModelName='m', ExecutionRoleArn='r',"
        " PrimaryContainer={'Image': 'i', 'ModelDataUrl': 's3://models/m.tar.gz'})\n"
    )
    bucket = only(tmp_path, text, "aws.s3.bucket")
    assert bucket.properties["versioning"] == "Enabled"
    assert bucket.properties["encryption_algorithm"] == "AES256"


def test_a_model_of_the_sdk_that_is_deployed_is_three_things(tmp_path: Path) -> None:
    text = ML + (
        "from sagemaker.model_monitor import DataCaptureConfig\n"
        "m = HuggingFaceModel(role='r', env={'HF_MODEL_ID': 'a/b'},"
        " enable_network_isolation=True)\n"
        "m.deploy(initial_instance_count=2, instance_type='ml.g5.xlarge', kms_key='k',"
        " data_capture_config=DataCaptureConfig(enable_capture=True,"
        " destination_s3_uri='s3://b/c'))\n"
    )
    resources = {r.type: r for r in inventory_of(tmp_path, text).resources}
    config = resources["aws.sagemaker.endpoint_config"].properties
    assert resources["aws.sagemaker.model"].properties["network_isolated"] is True
    assert (config["volume_key"], config["capture.enabled"]) == ("k", True)
    assert config["capture.bucket"] == "b"
    endpoint = resources["aws.sagemaker.endpoint"].properties
    assert endpoint["config_name"] == resources["aws.sagemaker.endpoint_config"].name


def test_what_jumpstart_takes_from_its_model_is_unknown(tmp_path: Path) -> None:
    text = (
        "from sagemaker.jumpstart.model import JumpStartModel\n"
        "JumpStartModel(model_id='x').deploy()\n"
    )
    assert "network_isolated" in only(tmp_path, text, "aws.sagemaker.model").unread


def test_an_estimator_that_is_fitted_is_a_training_job(tmp_path: Path) -> None:
    text = ML + (
        "e = sagemaker.estimator.Estimator(image_uri='i', role='r', instance_count=2,"
        " subnets=['s'], encrypt_inter_container_traffic=True, volume_kms_key='k')\n"
        "e.fit({'train': 's3://b/t'})\n"
    )
    job = only(tmp_path, text, "aws.sagemaker.training_job").properties
    assert (job["traffic_encrypted"], job["volume_key"], job["in_vpc"]) == (True, "k", True)
    assert job["network_isolated"] is False


def test_a_model_that_is_only_described_is_not_deployed(tmp_path: Path) -> None:
    resources = inventory_of(tmp_path, ML + "HuggingFaceModel(role='r')\n").resources
    assert {resource.type for resource in resources} == {"code.file"}


def test_entities_of_azure_ml_are_what_files_of_the_cli_are(tmp_path: Path) -> None:
    text = (
        "from azure.ai.ml.entities import ManagedOnlineEndpoint, AmlCompute\n"
        "ManagedOnlineEndpoint(name='e', auth_mode='key', public_network_access='disabled')\n"
        "AmlCompute(name='c', size='s', ssh_public_access_enabled=True)\n"
    )
    resources = {r.type: r for r in inventory_of(tmp_path, text).resources}
    assert resources["azure.ml.online_endpoint"].name == "e"
    assert resources["azure.ml.compute_cluster"].name == "c"
    assert resources["azure.ml.online_endpoint"].origin.line == 2


def test_an_endpoint_of_vertex_has_what_is_deployed_to_it(tmp_path: Path) -> None:
    text = (
        "from google.cloud import aiplatform as ai\nai.init(encryption_spec_key_name='k')\n"
        "e = ai.Endpoint.create(display_name='e')\n"
        "m = ai.Model.upload(display_name='m', artifact_uri='gs://b/m')\n"
        "m.deploy(endpoint=e, machine_type='n1-standard-4', service_account='s@p')\n"
    )
    endpoint = only(tmp_path, text, "gcp.vertex.endpoint")
    assert (endpoint.name, endpoint.properties["has_customer_key"]) == ("e", True)
    (deployed,) = endpoint.properties["deployed"]
    assert (deployed["service_account"], deployed["minimum_replicas"]) == ("s@p", 1)


def test_a_model_of_vertex_without_an_endpoint_makes_one(tmp_path: Path) -> None:
    text = (
        "from google.cloud import aiplatform\n"
        "aiplatform.Model.upload(display_name='m').deploy(machine_type='n1')\n"
        "aiplatform.CustomContainerTrainingJob(display_name='j', container_uri='i:1').run(\n"
        "    service_account='s', enable_web_access=True)\n"
    )
    resources = {r.type: r for r in inventory_of(tmp_path, text).resources}
    assert resources["gcp.vertex.endpoint"].properties["deployed"][0]["service_account"] is None
    job = resources["gcp.vertex.custom_job"].properties
    assert (job["service_account"], job["web_shell"]) == ("s", True)


def test_a_client_that_is_a_parameter_is_known_by_the_arguments(tmp_path: Path) -> None:
    text = (
        "# sagemaker\ndef f(client):\n    client.create_endpoint_config("
        "EndpointConfigName='c', ProductionVariants=[])\n    client.create_model(name='x')\n"
    )
    types = {resource.type for resource in inventory_of(tmp_path, text).resources}
    assert types == {"code.file", "aws.sagemaker.endpoint_config"}


def test_what_the_code_asks_of_its_own_account_stands_for_it(tmp_path: Path) -> None:
    text = (
        "import boto3, json\naccount = boto3.client('sts').get_caller_identity()['Account']\n"
        "boto3.client('iam').create_role(RoleName='r', AssumeRolePolicyDocument=json.dumps({"
        "'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole',"
        " 'Principal': {'Service': 'bedrock.amazonaws.com'},"
        " 'Condition': {'StringEquals': {'aws:SourceAccount': account}}}]}))\n# bedrock\n"
        "boto3.client('bedrock-agent').create_agent(agentName='a', agentResourceRoleArn="
        "f'arn:aws:iam::{account}:role/r')\n"
    )
    role = only(tmp_path, text, "aws.iam.role")
    assert "trust" not in role.unread


def test_what_two_files_call_alike_is_not_the_same(tmp_path: Path) -> None:
    text = (
        "import boto3\ndef f(role):\n    boto3.client('bedrock-agent').create_agent("
        "agentName='a', agentResourceRoleArn=role)\n"
    )
    resources = seen(tmp_path, {"one.py": text, "two.py": text}).inventory.resources
    agents = [item for item in resources if item.type == "aws.bedrock.agent"]
    assert len({agent.properties["role_arn"] for agent in agents}) == 2


def test_two_calls_of_one_name_are_two_things(tmp_path: Path) -> None:
    text = "import boto3\nc = boto3.client('sagemaker')\n" + (
        "c.create_model(ModelName=name(), ExecutionRoleArn='r')\n" * 2
    )
    models = [r for r in inventory_of(tmp_path, text).resources if r.type == "aws.sagemaker.model"]
    assert len({model.id for model in models}) == 2


def test_policies_that_a_loop_attaches_are_those_of_the_role(tmp_path: Path) -> None:
    text = (
        "import boto3, json\niam = boto3.client('iam')\nARNS = [\n"
        "    'arn:aws:iam::aws:policy/AmazonBedrockFullAccess',\n"
        "    'arn:aws:iam::aws:policy/AmazonS3FullAccess',\n]\n"
        "iam.create_role(RoleName='r', AssumeRolePolicyDocument=json.dumps({'Statement': []}))\n"
        "for arn in ARNS:\n    iam.attach_role_policy(RoleName='r', PolicyArn=arn)\n"
    )
    role = only(tmp_path, text, "aws.iam.role")
    names = [item["name"] for item in role.properties["attached_policies"]]
    assert names == ["AmazonBedrockFullAccess", "AmazonS3FullAccess"]


@pytest.mark.parametrize(
    ("text", "is_made"),
    [
        ("m.deploy(1, 'ml.m5.large')", True),
        ("m.deploy(1, 'local')", False),
        ("m.deploy(initial_instance_count=1, instance_type='local_gpu')", False),
        ("kind = 'local'\nm.deploy(1, instance_type=kind)", False),
        ("sagemaker.estimator.Estimator('i', 'r', 1, 'local').fit()", False),
        ("sagemaker.estimator.Estimator('i', 'r', 1, 'ml.m5.large').fit()", True),
        (LOCAL_SESSION, False),
    ],
)
def test_local_mode_of_the_sdk_makes_nothing(text: str, is_made: bool, tmp_path: Path) -> None:
    found = inventory_of(tmp_path, f"{ML}m = HuggingFaceModel(role='r')\n{text}\n").resources
    assert any(item.type.startswith("aws.sagemaker.") for item in found) is is_made


def test_what_a_function_of_the_file_makes_is_deployed(tmp_path: Path) -> None:
    text = ML + (
        "def made(image):\n    return HuggingFaceModel(image_uri=image, role='r',"
        " enable_network_isolation=True)\n"
        "def deploy(model, count):\n    model.deploy(count, 'ml.m5.large')\n"
        "deploy(made('123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1'), 2)\n"
    )
    resources = {r.type: r for r in inventory_of(tmp_path, text).resources}
    model = resources["aws.sagemaker.model"].properties
    assert model["network_isolated"] is True
    assert model["containers"][0]["image_tag"] == "1"


def test_what_the_sdk_uploads_and_the_images_it_chooses_are_known(tmp_path: Path) -> None:
    text = ML + (
        "session = sagemaker.Session()\n"
        "data = session.upload_data('model.tar.gz', key_prefix='m')\n"
        "image = sagemaker.image_uris.retrieve('djl-lmi', session.boto_region_name, '0.28.0')\n"
        "boto3.client('sagemaker').create_model(ModelName='m', ExecutionRoleArn='r',"
        " PrimaryContainer={'Image': image, 'ModelDataUrl': data})\n"
    )
    model = only(tmp_path, text, "aws.sagemaker.model")
    (container,) = model.properties["containers"]
    assert container["artifact_bucket"] == "sagemaker-region-000000000000"
    assert container["repository"].startswith("arn:aws:ecr:region:763104351884:")
    assert container["own_repository"] is None
    assert "containers[].artifact_key" in model.unread


def test_of_two_branches_is_known_what_is_the_same_in_both(tmp_path: Path) -> None:
    text = ML + (
        "bucket = sagemaker.Session().default_bucket()\n"
        "if prefix:\n    out = f's3://{bucket}/{prefix}/out'\nelse:\n    out = f's3://{bucket}/x'\n"
        "sagemaker.estimator.Estimator(role='r', output_path=out).fit()\n"
    )
    job = only(tmp_path, text, "aws.sagemaker.training_job")
    assert job.properties["output_bucket"] == "sagemaker-region-000000000000"
    assert "output_bucket" not in job.unread


def test_what_hides_one_field_is_not_said_of_another(tmp_path: Path) -> None:
    text = (
        "import boto3\ndef f(image, data):\n    boto3.client('sagemaker').create_model("
        "ModelName='m', ExecutionRoleArn='r',"
        " PrimaryContainer={'Image': image, 'ModelDataUrl': data})\n"
    )
    inventory = inventory_of(tmp_path, text)
    (model,) = (r for r in inventory.resources if r.type == "aws.sagemaker.model")
    gaps = {gap.id: gap.detail for gap in inventory.gaps}
    (image,), (data,) = (model.unread[f"containers[].{f}"] for f in ("image", "artifact_key"))
    assert gaps[image].endswith("gives image")
    assert gaps[data].endswith("gives data")
