"""What controllers do with the objects of a kind: make pods of them, or act with more rights.

The kinds whose schema holds a pod template stand in pod_templates.txt. Those here are judged by
what each project documents of its controller, as of 2026-11. Whatever a kind does that stands in
neither is not known, so the right to write its objects is never held to be harmless.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

_Kinds = Mapping[str, tuple[str, ...]]

WORKLOADS: _Kinds = {
    "": ("pods", "replicationcontrollers"),
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets"),
    "batch": ("jobs", "cronjobs"),
}
# Groups whose objects say which models are served.
SERVING = (
    "serving.kserve.io", "machinelearning.seldon.io", "mlops.seldon.io", "ray.io",
    "apps.nvidia.com", "production-stack.vllm.ai", "kaito.sh", "kubeai.org", "ome.io",
    "inference.llmaz.io", "model.aibrix.ai",
)  # fmt: skip
# Pods are made of these, or changed by them, in their own namespace, where the schema leaves the
# template open, names only parts of it (image, command, account), or has it under another name.
_POD_MAKERS: _Kinds = {
    "apps.kruise.io": (
        "clonesets", "statefulsets", "daemonsets", "broadcastjobs", "advancedcronjobs",
        "uniteddeployments", "ephemeraljobs",
    ),
    "apps.nvidia.com": (
        "nimservices", "nimpipelines", "nimcaches", "nimbuilds", "nemocustomizers",
        "nemodatastores", "nemoentitystores", "nemoevaluators", "nemoguardrails",
    ),
    "apps.openshift.io": ("deploymentconfigs",),
    "argoproj.io": ("sensors", "eventsources"),
    "build.openshift.io": ("buildconfigs", "builds"),
    "flow.volcano.sh": ("jobflows", "jobtemplates"),
    "inference.llmaz.io": ("playgrounds",),
    "kaito.sh": ("workspaces", "ragengines", "inferencesets", "multiroleinferences"),
    "kappctrl.k14s.io": ("apps",),
    "packaging.carvel.dev": ("packageinstalls",),
    "kubeai.org": ("models",),
    "kubeflow.org": (
        "experiments", "suggestions", "trials", "viewers", "poddefaults", "scheduledworkflows",
        "trainjobs",
    ),
    "kubevirt.io": ("virtualmachines", "virtualmachineinstances"),
    "kyverno.io": ("policies",),
    "machinelearning.seldon.io": ("seldondeployments",),
    "nvidia.com": (
        "dynamographdeployments", "dynamocomponentdeployments", "dynamographdeploymentrequests",
        "dynamocomponents",
    ),
    "ome.io": ("benchmarkjobs",),
    "pipelines.kubeflow.org": ("pipelines", "pipelineversions"),
    "policies.kyverno.io": ("namespacedmutatingpolicies", "namespacedgeneratingpolicies"),
    "production-stack.vllm.ai": ("vllmruntimes", "vllmrouters", "cacheservers"),
    "serving.kserve.io": ("inferencegraphs",),
    "serving.kubeflow.org": ("kfservices",),
    "shipwright.io": ("buildruns", "builds"),
    "sinks.knative.dev": ("jobsinks",),
    "sources.knative.dev": ("containersources", "integrationsources"),
    "sparkoperator.k8s.io": ("sparkapplications", "scheduledsparkapplications", "sparkconnects"),
    "tekton.dev": (
        "taskruns", "pipelineruns", "tasks", "pipelines", "customruns", "clustertasks",
        "stepactions",
    ),
    "tensorboard.kubeflow.org": ("tensorboards",),
    "trainer.kubeflow.org": ("trainjobs", "optimizationjobs"),
    "triggers.tekton.dev": ("eventlisteners", "triggertemplates"),
    "jobset.x-k8s.io": ("jobsets",),
    "workload.codeflare.dev": ("appwrappers",),
}  # fmt: skip
# A controller applies what an object of these says with its own rights, which are those of an
# administrator as the project installs it, and takes objects of every namespace.
ANYWHERE: _Kinds = {
    "core.oam.dev": ("applications",),
    "fluxcd.controlplane.io": ("fluxinstances", "resourcesets"),
    "helm.cattle.io": ("helmcharts", "helmchartconfigs"),
    "helm.toolkit.fluxcd.io": ("helmreleases",),
    "k3s.cattle.io": ("addons",),
    "kustomize.toolkit.fluxcd.io": ("kustomizations",),
}  # fmt: skip
# The same for objects of the cluster, or of a namespace that is set in the controller.
IN_ITS_NAMESPACE: _Kinds = {
    "apiextensions.crossplane.io": ("compositions", "compositeresourcedefinitions"),
    "apps.kruise.io": ("sidecarsets", "resourcedistributions"),
    "argoproj.io": ("applications", "applicationsets", "appprojects"),
    "capsule.clastix.io": ("tenants", "globaltenantresources", "tenantresources"),
    "core.oam.dev": (
        "componentdefinitions", "traitdefinitions", "workloaddefinitions", "policydefinitions",
        "workflowstepdefinitions",
    ),
    "fleet.cattle.io": ("bundles", "gitrepos", "helmops"),
    "helm.crossplane.io": ("releases",),
    "helm.m.crossplane.io": ("releases",),
    "kubernetes.crossplane.io": ("objects",),
    "kubernetes.m.crossplane.io": ("objects",),
    "kyverno.io": ("clusterpolicies", "generaterequests", "updaterequests"),
    "management.cattle.io": (
        "clusterroletemplatebindings", "projectroletemplatebindings", "globalrolebindings",
        "globalroles", "roletemplates",
    ),
    "metacontroller.k8s.io": ("compositecontrollers", "decoratorcontrollers"),
    "mutations.gatekeeper.sh": ("assign", "assignimage", "modifyset"),
    "olm.operatorframework.io": ("clusterextensions",),
    "operators.coreos.com": (
        "subscriptions", "installplans", "clusterserviceversions", "catalogsources",
    ),
    "pkg.crossplane.io": (
        "providers", "functions", "configurations", "deploymentruntimeconfigs",
    ),
    "policies.kyverno.io": ("mutatingpolicies", "generatingpolicies"),
    "policy.open-cluster-management.io": ("policies", "configurationpolicies"),
    "work.open-cluster-management.io": ("manifestworks", "manifestworkreplicasets"),
}  # fmt: skip
# Whoever changes one of these that is there changes what a controller of Flux applies.
SOURCES: _Kinds = {
    "source.toolkit.fluxcd.io": (
        "gitrepositories", "ocirepositories", "buckets", "helmrepositories", "helmcharts",
        "externalartifacts",
    ),
    "source.extensions.fluxcd.io": ("artifactgenerators",),
}  # fmt: skip
# Objects that a controller only reads, or that configure routes, scaling, queues and measurement.
_HARMLESS: _Kinds = {
    "autoscaling.k8s.io": ("verticalpodautoscalers", "verticalpodautoscalercheckpoints"),
    "autoscaling.aibrix.ai": ("podautoscalers",),
    "autoscaling.internal.knative.dev": ("metrics", "podautoscalers"),
    "gateway.networking.k8s.io": (
        "gateways", "httproutes", "grpcroutes", "tcproutes", "tlsroutes", "udproutes",
        "referencegrants", "gatewayclasses", "backendtlspolicies",
    ),
    "inference.networking.k8s.io": ("inferencepools",),
    "inference.networking.x-k8s.io": (
        "inferencepools", "inferencemodels", "inferenceobjectives",
    ),
    "keda.sh": ("scaledobjects",),
    "kueue.x-k8s.io": (
        "workloads", "localqueues", "clusterqueues", "resourceflavors", "cohorts",
        "workloadpriorityclasses", "topologies",
    ),
    "model.aibrix.ai": ("modeladapters", "modelclaims"),
    "monitoring.coreos.com": ("servicemonitors", "podmonitors", "prometheusrules", "probes"),
    "networking.internal.knative.dev": ("ingresses", "certificates", "serverlessservices"),
    "networking.istio.io": ("virtualservices", "destinationrules", "gateways", "serviceentries",
                            "sidecars", "workloadentries"),
    "policy.kruise.io": ("podunavailablebudgets",),
    "route.openshift.io": ("routes",),
    "scheduling.volcano.sh": ("podgroups", "queues"),
    "scheduling.x-k8s.io": ("podgroups", "elasticquotas"),
    "security.istio.io": (
        "authorizationpolicies", "peerauthentications", "requestauthentications",
    ),
    "serving.knative.dev": ("routes", "revisions", "domainmappings"),
    "serving.kserve.io": ("trainedmodels", "localmodelcaches", "localmodelnodes"),
    "snapshot.storage.k8s.io": ("volumesnapshots", "volumesnapshotcontents"),
    "telemetry.istio.io": ("telemetries",),
    "traefik.io": ("ingressroutes", "ingressroutetcps", "ingressrouteudps", "middlewares"),
    "argoproj.io": ("workflowtaskresults", "workflowartifactgctasks", "workflowtasksets",
                    "workfloweventbindings", "eventbus"),
    "apps.kruise.io": ("imagepulljobs", "persistentpodstates", "podprobemarkers",
                       "containerrecreaterequests"),
}  # fmt: skip
# Groups that every cluster has: what their kinds do is asked for by name. Source: Kubernetes 1.34.
_OWN = frozenset({
    "", "apps", "autoscaling", "batch", "extensions", "policy", "admissionregistration.k8s.io",
    "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io",
    "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "custom.metrics.k8s.io",
    "discovery.k8s.io", "events.k8s.io", "external.metrics.k8s.io", "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io", "metrics.k8s.io", "networking.k8s.io", "node.k8s.io",
    "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    "storagemigration.k8s.io",
})  # fmt: skip

_OWN_PLURALS = frozenset({
    "bindings", "certificatesigningrequests", "clusterrolebindings", "clusterroles", "configmaps",
    "controllerrevisions", "csidrivers", "csinodes", "csistoragecapacities", "endpoints",
    "endpointslices", "events", "horizontalpodautoscalers", "ingressclasses", "ingresses",
    "leases", "limitranges", "localsubjectaccessreviews", "namespaces", "networkpolicies", "nodes",
    "persistentvolumeclaims", "persistentvolumes", "poddisruptionbudgets", "podtemplates",
    "priorityclasses", "resourceclaims", "resourceclaimtemplates", "resourcequotas",
    "rolebindings", "roles", "runtimeclasses", "secrets", "selfsubjectaccessreviews",
    "selfsubjectreviews", "selfsubjectrulesreviews", "serviceaccounts", "storageclasses",
    "subjectaccessreviews", "tokenreviews", "volumeattachments",
})  # fmt: skip


def named(kinds: _Kinds) -> tuple[tuple[str, str], ...]:
    """Give kinds as pairs of group and plural."""
    return tuple((group, plural) for group, plurals in kinds.items() for plural in plurals)


@functools.cache
def custom_workloads() -> tuple[tuple[str, str], ...]:
    """Give the custom kinds of whose objects a controller makes pods in their namespace."""
    text = Path(__file__).with_name("pod_templates.txt").read_text("utf-8")
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    listed = {(group, plural) for group, *plurals in lines for plural in plurals}
    return tuple(sorted({*listed, *named(_POD_MAKERS)} - set(named(IN_ITS_NAMESPACE))))


def is_listed(group: str, plural: str) -> bool:
    """Whether it is known what becomes of the objects of a kind."""
    return group in _OWN or (group, plural) in _listed()


def unlisted(groups: Iterable[str], resources: Iterable[str]) -> list[str]:
    """Give the kinds of a rule of which it is not known what becomes of their objects.

    Parts of objects, such as their status, are not kinds.
    """
    plurals = {resource for resource in resources if "/" not in resource}
    return sorted(
        f"{plural}.{group}"
        for group in set(groups) - {"*"}
        for plural in plurals
        if not is_listed(group, plural)
    ) + sorted(f"{plural}.*" for plural in plurals if "*" in groups and not _is_anywhere(plural))


@functools.cache
def _listed() -> frozenset[tuple[str, str]]:
    tables = (ANYWHERE, IN_ITS_NAMESPACE, SOURCES, _HARMLESS)
    return frozenset({*custom_workloads(), *(kind for table in tables for kind in named(table))})


def _is_anywhere(plural: str) -> bool:
    """Whether a plural in every group is every kind, or one that some known group has."""
    kinds = (*custom_workloads(), *named(_HARMLESS), *named(WORKLOADS))
    known = {other for _, other in kinds}
    return plural == "*" or plural in _OWN_PLURALS or plural in known
