"""Resources whose controllers make pods of a template that the object brings, account included.

Source: the custom resource definitions of each project.
"""

from __future__ import annotations

from collections.abc import Mapping

WORKLOADS: Mapping[str, tuple[str, ...]] = {
    "": ("pods", "replicationcontrollers"),
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets"),
    "batch": ("jobs", "cronjobs"),
}
# Serving models: whoever writes these changes what answers, too.
SERVING: Mapping[str, tuple[str, ...]] = {
    "serving.kserve.io": (
        "inferenceservices", "llminferenceservices", "inferencegraphs", "servingruntimes",
        "clusterservingruntimes", "llminferenceserviceconfigs",
    ),
    "machinelearning.seldon.io": ("seldondeployments",),
    "mlops.seldon.io": ("servers", "serverconfigs", "seldonruntimes"),
    "ray.io": ("rayclusters", "rayservices", "rayjobs", "raycronjobs"),
    "apps.nvidia.com": ("nimservices", "nimpipelines", "nemocustomizers"),
    "production-stack.vllm.ai": ("vllmruntimes",),
}  # fmt: skip
CUSTOM_WORKLOADS: Mapping[str, tuple[str, ...]] = {
    **SERVING,
    "kubeflow.org": (
        "notebooks", "pytorchjobs", "tfjobs", "mpijobs", "xgboostjobs", "paddlejobs", "jaxjobs",
        "experiments", "trials", "viewers",
    ),
    "trainer.kubeflow.org": ("trainjobs", "trainingruntimes", "clustertrainingruntimes"),
    "tensorboard.kubeflow.org": ("tensorboards",),
    "argoproj.io": (
        "workflows", "workflowtemplates", "cronworkflows", "clusterworkflowtemplates", "rollouts",
        "sensors", "eventsources",
    ),
    "serving.knative.dev": ("services", "configurations"),
    "sources.knative.dev": ("containersources",),
    "sparkoperator.k8s.io": ("sparkapplications", "scheduledsparkapplications"),
    "flink.apache.org": ("flinkdeployments",),
    "tekton.dev": ("taskruns", "pipelineruns", "tasks", "pipelines"),
    "batch.volcano.sh": ("jobs", "cronjobs"),
    "leaderworkerset.x-k8s.io": ("leaderworkersets",),
    "jobset.x-k8s.io": ("jobsets",),
    "workload.codeflare.dev": ("appwrappers",),
    "kubernetes.dask.org": ("daskclusters", "daskjobs", "daskworkergroups"),
    "keda.sh": ("scaledjobs",),
}  # fmt: skip


def named(resources: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """Give resources as pairs of group and plural."""
    return tuple((group, plural) for group, plurals in resources.items() for plural in plurals)
