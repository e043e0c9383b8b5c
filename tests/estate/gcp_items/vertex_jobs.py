"""What trains, tunes and predicts on Vertex AI in the invented company."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import (
    DEFAULT_ACCOUNT,
    DIGEST,
    RECENT,
    SECRET_VARIABLE,
    TOKEN,
    Body,
    Fault,
    Kind,
    account_of,
    attachment,
    bucket_of,
    common,
    image_of,
    key_of,
    planted,
    with_,
    without,
)
from tests.estate.gcp_world import PROJECT, Thing, Told

_SCHEMA = "GoogleCloudAiplatformV1"


def _work(site: Site) -> Body:
    return {
        "serviceAccount": account_of(site),
        "pscInterfaceConfig": dict(attachment(site)),
        "baseOutputDirectory": {"outputUriPrefix": f"gs://{bucket_of(site)}/runs"},
        "workerPoolSpecs": [
            {
                "machineSpec": {"machineType": "n1-standard-4"},
                "replicaCount": "1",
                "containerSpec": {
                    "imageUri": image_of(site, "train"),
                    "env": [{"name": "EPOCHS", "value": "3"}],
                    "args": ["--epochs=3"],
                },
            }
        ],
    }


def _custom(site: Site, path: str) -> Body:
    return common(site, path, state="JOB_STATE_SUCCEEDED", jobSpec=_work(site))


CUSTOM = Kind(
    noun="customJobs",
    schema=f"{_SCHEMA}CustomJob",
    asset="CustomJob",
    is_everywhere=True,
    body=_custom,
    faults=(
        Fault(
            rules=("vertex/custom-job-web-shell",), change=with_("jobSpec.enableWebAccess", True)
        ),
        Fault(
            rules=("vertex/custom-job-default-service-account",),
            change=with_("jobSpec.serviceAccount", DEFAULT_ACCOUNT),
        ),
        Fault(
            rules=("vertex/custom-job-secret-in-environment",),
            change=with_("jobSpec.workerPoolSpecs.0.containerSpec.env", [SECRET_VARIABLE]),
        ),
        Fault(
            rules=("vertex/custom-job-without-customer-network",),
            change=with_("jobSpec.pscInterfaceConfig", {}),
        ),
        Fault(
            rules=("vertex/custom-job-image-unpinned",),
            change=with_(
                "jobSpec.workerPoolSpecs.0.containerSpec.imageUri",
                "europe-west4-docker.pkg.dev/p/r/train:1",
            ),
        ),
        Fault(rules=("vertex/custom-job-without-customer-key",), change=without("encryptionSpec")),
        Fault(
            rules=("vertex/custom-job-web-dashboard",),
            change=with_("jobSpec.enableDashboardAccess", True),
        ),
        Fault(
            rules=("vertex/custom-job-secret-in-arguments",),
            change=with_("jobSpec.workerPoolSpecs.0.containerSpec.args", [f"--hub-token={TOKEN}"]),
        ),
    ),
)


def _trials(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        state="JOB_STATE_SUCCEEDED",
        maxTrialCount=4,
        parallelTrialCount=2,
        studySpec={},
        trialJobSpec=_work(site),
    )


TRIALS = Kind(
    noun="hyperparameterTuningJobs",
    schema=f"{_SCHEMA}HyperparameterTuningJob",
    asset="HyperparameterTuningJob",
    body=_trials,
    faults=(
        Fault(
            rules=("vertex/tuning-trial-web-shell",),
            change=with_("trialJobSpec.enableWebAccess", True),
        ),
        Fault(
            rules=("vertex/tuning-trial-default-service-account",),
            change=with_("trialJobSpec.serviceAccount", DEFAULT_ACCOUNT),
        ),
        Fault(
            rules=("vertex/tuning-trial-secret-in-environment",),
            change=with_("trialJobSpec.workerPoolSpecs.0.containerSpec.env", [SECRET_VARIABLE]),
        ),
        Fault(
            rules=("vertex/tuning-trial-without-customer-network",),
            change=with_("trialJobSpec.pscInterfaceConfig", {}),
        ),
        Fault(
            rules=("vertex/tuning-trial-image-unpinned",),
            change=with_(
                "trialJobSpec.workerPoolSpecs.0.containerSpec.imageUri",
                "europe-west4-docker.pkg.dev/p/r/train:1",
            ),
        ),
        Fault(
            rules=("vertex/tuning-trial-without-customer-key",), change=without("encryptionSpec")
        ),
    ),
)


def _training(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        state="PIPELINE_STATE_SUCCEEDED",
        trainingTaskDefinition="gs://google-cloud-aiplatform/schema/trainingjob/definition/custom",
        trainingTaskInputs={"workerPoolSpecs": []},
    )


TRAINING = Kind(
    noun="trainingPipelines",
    schema=f"{_SCHEMA}TrainingPipeline",
    asset="TrainingPipeline",
    body=_training,
    faults=(
        Fault(
            rules=("vertex/training-pipeline-without-customer-key",),
            change=without("encryptionSpec"),
        ),
    ),
)


def _tuning(site: Site, path: str) -> Body:
    return {
        "name": path,
        "createTime": RECENT,
        "encryptionSpec": dict(key_of(site)),
        "state": "JOB_STATE_SUCCEEDED",
        "baseModel": "gemini-2.5-flash",
        "tunedModelDisplayName": site.name,
        "supervisedTuningSpec": {"trainingDatasetUri": f"gs://{bucket_of(site)}/tune.jsonl"},
    }


TUNING = Kind(
    noun="tuningJobs",
    schema=f"{_SCHEMA}TuningJob",
    body=_tuning,
    faults=(
        Fault(
            rules=("vertex/foundation-tuning-without-customer-key",),
            change=without("encryptionSpec"),
        ),
    ),
)


def _run(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        state="PIPELINE_STATE_SUCCEEDED",
        serviceAccount=account_of(site),
        pscInterfaceConfig=dict(attachment(site)),
        templateUri=f"https://europe-west4-kfp.pkg.dev/{PROJECT}/pipelines/train/{DIGEST}",
        runtimeConfig={
            "gcsOutputDirectory": f"gs://{bucket_of(site)}/pipeline",
            "parameterValues": {"epochs": 3, "region": "europe"},
        },
    )


RUN = Kind(
    noun="pipelineJobs",
    schema=f"{_SCHEMA}PipelineJob",
    body=_run,
    faults=(
        Fault(
            rules=("vertex/pipeline-run-default-service-account",), change=without("serviceAccount")
        ),
        Fault(
            rules=("vertex/pipeline-run-without-customer-key",), change=without("encryptionSpec")
        ),
        Fault(
            rules=("vertex/pipeline-run-without-customer-network",),
            change=without("pscInterfaceConfig"),
        ),
        Fault(
            rules=("vertex/pipeline-run-secret-in-parameters",),
            change=with_("runtimeConfig.parameterValues", {"epochs": 3, "hub_token": TOKEN}),
        ),
        Fault(
            rules=("vertex/pipeline-run-template-unpinned",),
            change=with_(
                "templateUri", "https://europe-west4-kfp.pkg.dev/p/pipelines/train/latest"
            ),
        ),
    ),
)


def _schedule(site: Site, path: str) -> Body:
    job = {
        "serviceAccount": account_of(site),
        "pipelineSpec": {
            "deploymentSpec": {
                "executors": {
                    "exec-train": {"container": {"image": image_of(site, "step")}},
                    "exec-import": {"importer": {}},
                }
            }
        },
    }
    return {
        "name": path,
        "displayName": site.name,
        "createTime": RECENT,
        "state": "ACTIVE",
        "cron": "0 3 * * *",
        "createPipelineJobRequest": {"parent": site.here, "pipelineJob": job},
    }


_IMAGE = (
    "createPipelineJobRequest.pipelineJob.pipelineSpec.deploymentSpec.executors.exec-train"
    ".container.image"
)
SCHEDULE = Kind(
    noun="schedules",
    schema=f"{_SCHEMA}Schedule",
    body=_schedule,
    faults=(
        Fault(
            rules=("vertex/schedule-default-service-account",),
            change=with_("createPipelineJobRequest.pipelineJob.serviceAccount", DEFAULT_ACCOUNT),
        ),
        Fault(rules=("vertex/schedule-image-unpinned",), change=with_(_IMAGE, "python:3.12")),
    ),
)


def _batch(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        state="JOB_STATE_SUCCEEDED",
        serviceAccount=account_of(site),
        inputConfig={
            "instancesFormat": "jsonl",
            "gcsSource": {"uris": [f"gs://{bucket_of(site)}/batch/in.jsonl"]},
        },
        outputConfig={
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": f"gs://{bucket_of(site)}/batch/out"},
        },
    )


BATCH = Kind(
    noun="batchPredictionJobs",
    schema=f"{_SCHEMA}BatchPredictionJob",
    asset="BatchPredictionJob",
    body=_batch,
    faults=(
        Fault(
            rules=("vertex/batch-prediction-default-service-account",),
            change=with_("serviceAccount", DEFAULT_ACCOUNT),
        ),
        Fault(
            rules=("vertex/batch-prediction-without-customer-key",),
            change=without("encryptionSpec"),
        ),
        Fault(
            rules=("vertex/batch-prediction-secret-in-environment",),
            change=with_("unmanagedContainerModel.containerSpec.env", [SECRET_VARIABLE]),
        ),
    ),
)


def _resource(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        state="RUNNING",
        pscInterfaceConfig=dict(attachment(site)),
        resourceRuntimeSpec={
            "raySpec": {"imageUri": image_of(site, "ray")},
            "serviceAccountSpec": {
                "enableCustomServiceAccount": True,
                "serviceAccount": account_of(site),
            },
        },
    )


RESOURCE = Kind(
    noun="persistentResources",
    schema=f"{_SCHEMA}PersistentResource",
    body=_resource,
    faults=(
        Fault(
            rules=("vertex/persistent-resource-without-customer-key",),
            change=without("encryptionSpec"),
        ),
        Fault(
            rules=("vertex/persistent-resource-default-service-account",),
            change=with_("resourceRuntimeSpec.serviceAccountSpec", {}),
        ),
        Fault(
            rules=("vertex/persistent-resource-without-customer-network",),
            change=without("pscInterfaceConfig"),
        ),
    ),
)
KINDS = (CUSTOM, TRIALS, TRAINING, TUNING, RUN, SCHEDULE, BATCH, RESOURCE)


FAULTS: tuple[Planted, ...] = planted(KINDS)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    return [thing for kind in KINDS for thing in kind.things(site)]


def specimens() -> list[Thing | Told]:
    return []
