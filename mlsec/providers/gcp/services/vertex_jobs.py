"""Which calls read what trains, tunes and predicts on Vertex AI, and pipelines on a schedule."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services.vertex_operations import (
    JOB_WINDOW_DAYS,
    container,
    job,
    listing,
    listing_route,
)

ROUTES: Mapping[str, Route] = {
    "aiplatform:ListCustomJobs": listing_route("customJobs", asset="CustomJob"),
    "aiplatform:ListHyperparameterTuningJobs": listing_route(
        "hyperparameterTuningJobs", asset="HyperparameterTuningJob"
    ),
    "aiplatform:ListTrainingPipelines": listing_route(
        "trainingPipelines", asset="TrainingPipeline"
    ),
    "aiplatform:ListTuningJobs": listing_route("tuningJobs"),
    "aiplatform:ListPipelineJobs": listing_route("pipelineJobs"),
    "aiplatform:ListSchedules": listing_route("schedules"),
    "aiplatform:ListBatchPredictionJobs": listing_route(
        "batchPredictionJobs", asset="BatchPredictionJob"
    ),
    "aiplatform:ListPersistentResources": listing_route("persistentResources"),
}
# A run repeats its whole compiled pipeline, which is large and may quote anything: not asked for.
_RUN_FIELDS = (
    "name,displayName,createTime,labels,state,encryptionSpec,serviceAccount,network,"
    "pscInterfaceConfig,templateUri,scheduleName,runtimeConfig"
)
_RUN = "schedules[].createPipelineJobRequest.pipelineJob"
_SCHEDULE_SECRETS = (
    f"{_RUN}.runtimeConfig.parameterValues",
    f"{_RUN}.runtimeConfig.parameters",
    f"{_RUN}.pipelineSpec.root.inputDefinitions",
    *container(f"{_RUN}.pipelineSpec.deploymentSpec.executors.*.container"),
    "schedules[].createNotebookExecutionJobRequest.notebookExecutionJob.directNotebookSource.content",
)
_TASK = ("trainingPipelines[].trainingTaskInputs",)
_UPLOADED = container("trainingPipelines[].modelToUpload.containerSpec")
_UNMANAGED = container("batchPredictionJobs[].unmanagedContainerModel.containerSpec")


def _jobs(type_name: str, name: str, noun: str, *redact: str) -> TypePlan:
    """Give the plan of a kind of job that piles up."""
    return TypePlan(
        type=type_name,
        listing=listing(name, noun, redact=redact),
        window_days=JOB_WINDOW_DAYS,
        dated_by="createTime",
    )


PLANS: tuple[TypePlan, ...] = (
    _jobs("gcp.vertex.custom_job", "ListCustomJobs", "customJobs", *job("customJobs[].jobSpec")),
    _jobs(
        "gcp.vertex.hyperparameter_tuning_job",
        "ListHyperparameterTuningJobs",
        "hyperparameterTuningJobs",
        *job("hyperparameterTuningJobs[].trialJobSpec"),
    ),
    _jobs(
        "gcp.vertex.training_pipeline",
        "ListTrainingPipelines",
        "trainingPipelines",
        *_TASK,
        *_UPLOADED,
    ),
    _jobs("gcp.vertex.tuning_job", "ListTuningJobs", "tuningJobs"),
    TypePlan(
        type="gcp.vertex.pipeline_job",
        listing=listing(
            "ListPipelineJobs",
            "pipelineJobs",
            params={"readMask": _RUN_FIELDS},
            redact=(
                "pipelineJobs[].runtimeConfig.parameterValues",
                "pipelineJobs[].runtimeConfig.parameters",
            ),
        ),
        window_days=JOB_WINDOW_DAYS,
        dated_by="createTime",
    ),
    TypePlan(
        type="gcp.vertex.schedule",
        listing=listing("ListSchedules", "schedules", redact=_SCHEDULE_SECRETS),
    ),
    _jobs(
        "gcp.vertex.batch_prediction_job",
        "ListBatchPredictionJobs",
        "batchPredictionJobs",
        *_UNMANAGED,
    ),
    TypePlan(
        type="gcp.vertex.persistent_resource",
        listing=listing("ListPersistentResources", "persistentResources"),
    ),
)
