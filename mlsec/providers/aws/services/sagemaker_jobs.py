"""Which calls read jobs that run once: training, processing, transform, tuning, AutoML, compiling.

The service keeps finished jobs for ever, so only jobs made within the last ``JOB_WINDOW_DAYS`` days
are described; the older ones are counted as excluded with that reason. Search could give training
jobs whole, but leaves out their remote debugging switch, which a rule reads; so they are described.
"""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.aws.services.sagemaker_operations import JOB_WINDOW_DAYS, describe, listing

_TRAINING_SECRETS = (
    "Environment.*",
    "HyperParameters.*",
    "AlgorithmSpecification.ContainerEntrypoint[]",
    "AlgorithmSpecification.ContainerArguments[]",
)
_PROCESSING_SECRETS = (
    "Environment.*",
    "AppSpecification.ContainerEntrypoint[]",
    "AppSpecification.ContainerArguments[]",
)
_TUNING_SECRETS = tuple(
    f"{definition}.{path}"
    for definition in ("TrainingJobDefinition", "TrainingJobDefinitions[]")
    for path in ("Environment.*", "StaticHyperParameters.*")
)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.sagemaker.training_job",
        listing=listing("ListTrainingJobs", "TrainingJobSummaries"),
        reads=(describe("DescribeTrainingJob", "TrainingJobName", redact=_TRAINING_SECRETS),),
        window_days=JOB_WINDOW_DAYS,
    ),
    TypePlan(
        type="aws.sagemaker.processing_job",
        listing=listing("ListProcessingJobs", "ProcessingJobSummaries"),
        reads=(describe("DescribeProcessingJob", "ProcessingJobName", redact=_PROCESSING_SECRETS),),
        window_days=JOB_WINDOW_DAYS,
    ),
    TypePlan(
        type="aws.sagemaker.transform_job",
        listing=listing("ListTransformJobs", "TransformJobSummaries"),
        reads=(describe("DescribeTransformJob", "TransformJobName", redact=("Environment.*",)),),
        window_days=JOB_WINDOW_DAYS,
    ),
    TypePlan(
        type="aws.sagemaker.tuning_job",
        listing=listing("ListHyperParameterTuningJobs", "HyperParameterTuningJobSummaries"),
        reads=(
            describe(
                "DescribeHyperParameterTuningJob",
                "HyperParameterTuningJobName",
                redact=_TUNING_SECRETS,
            ),
        ),
        window_days=JOB_WINDOW_DAYS,
    ),
    TypePlan(
        type="aws.sagemaker.automl_job",
        listing=listing("ListAutoMLJobs", "AutoMLJobSummaries"),
        # The second version of the call also describes jobs made with the first.
        reads=(
            describe(
                "DescribeAutoMLJobV2",
                "AutoMLJobName",
                redact=("BestCandidate.InferenceContainers[].Environment.*",),
            ),
        ),
        window_days=JOB_WINDOW_DAYS,
    ),
    TypePlan(
        type="aws.sagemaker.compilation_job",
        listing=listing("ListCompilationJobs", "CompilationJobSummaries"),
        reads=(describe("DescribeCompilationJob", "CompilationJobName"),),
        window_days=JOB_WINDOW_DAYS,
    ),
)
