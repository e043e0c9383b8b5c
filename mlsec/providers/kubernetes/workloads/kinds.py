"""The table of kinds: what each is read as, and why others are excluded."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from mlsec.providers.kubernetes.workloads.proxy_routes import POOL_GROUPS, PROXY_KINDS


class ReadAs(enum.Enum):
    """What a kind is read as, besides the workloads of its pods."""

    WORKLOAD = "workload"
    ENDPOINT = "endpoint"
    SERVICE = "service"
    INGRESS = "ingress"
    PROXY_ROUTE = "route of a proxy"
    POOL = "pool of pods"
    ROUTE = "route"
    GATEWAY = "gateway"
    MESH_POLICY = "mesh policy"
    NETWORK_POLICY = "network policy"
    OTHER_POLICY = "network policy of another kind"
    ACCOUNT = "service account"
    ROLE = "role"
    BINDING = "binding"
    NAMESPACE = "namespace"
    ADMISSION = "admission"
    VOLUME = "volume"
    RAY = "ray cluster"
    CONFIG = "configuration"
    ASIDE = "aside"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind. ``runs`` is what its pods do when the kind says: serving, training, notebook.

    ``is_listed`` kinds are listed in a cluster; the others are made by these, or hold nothing that
    a rule reads. ``holds`` says what an excluded kind is for.
    """

    group: str
    kind: str
    plural: str
    read_as: ReadAs
    runs: str = ""
    is_listed: bool = True
    is_namespaced: bool = True
    holds: str = ""


def _kind(
    group: str, kind: str, read_as: ReadAs, runs: str = "", *, plural: str = "",
    is_namespaced: bool = True, is_listed: bool = True, holds: str = "",
) -> Kind:  # fmt: skip
    return Kind(
        group=group, kind=kind, plural=plural or plural_of(kind.lower()), read_as=read_as,
        runs=runs, is_namespaced=is_namespaced, is_listed=is_listed, holds=holds,
    )  # fmt: skip


def plural_of(lower: str) -> str:
    """Give the usual plural of the name of a kind, both in lower case."""
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return lower[:-1] + "ies"
    return lower + ("es" if lower.endswith(("s", "x", "ch")) else "s")


_KSERVE, _KUBEFLOW = "serving.kserve.io", "kubeflow.org"
_GATEWAY, _ISTIO = "gateway.networking.k8s.io", "security.istio.io"
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
# Policies that decide before or beside network policies.
_OTHER_POLICIES: tuple[tuple[str, str, bool], ...] = (
    ("policy.networking.k8s.io", "AdminNetworkPolicy", False),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy", False),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy", False),
    ("cilium.io", "CiliumNetworkPolicy", True),
    ("cilium.io", "CiliumClusterwideNetworkPolicy", False),
    ("crd.projectcalico.org", "NetworkPolicy", True),
    ("crd.projectcalico.org", "GlobalNetworkPolicy", False),
    ("projectcalico.org", "NetworkPolicy", True),
    ("projectcalico.org", "GlobalNetworkPolicy", False),
)
# Filters and policies of gateways and proxies, which may ask who is there.
_GUARDS: tuple[tuple[str, str], ...] = (
    ("traefik.io", "Middleware"), ("traefik.containo.us", "Middleware"),
    ("gateway.nginx.org", "SnippetsFilter"), ("gateway.nginx.org", "AuthenticationFilter"),
    ("kuadrant.io", "AuthPolicy"), ("networking.gke.io", "GCPBackendPolicy"),
)  # fmt: skip
_W, _E, _ASIDE = ReadAs.WORKLOAD, ReadAs.ENDPOINT, ReadAs.ASIDE

KINDS: tuple[Kind, ...] = (
    _kind("", "Pod", _W),
    _kind("", "ReplicationController", _W),
    _kind("", "PodTemplate", _W, is_listed=False),
    *(_kind("apps", k, _W) for k in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    _kind("batch", "Job", _W),
    _kind("batch", "CronJob", _W),
    _kind("", "Service", ReadAs.SERVICE),
    _kind("networking.k8s.io", "Ingress", ReadAs.INGRESS),
    _kind("extensions", "Ingress", ReadAs.INGRESS, is_listed=False),
    _kind("route.openshift.io", "Route", ReadAs.INGRESS),
    *(_kind(group, kind, ReadAs.PROXY_ROUTE) for group, kind in PROXY_KINDS),
    *(_kind(group, "InferencePool", ReadAs.POOL) for group in POOL_GROUPS),
    _kind("networking.k8s.io", "NetworkPolicy", ReadAs.NETWORK_POLICY),
    *(
        _kind(group, kind, ReadAs.OTHER_POLICY, is_namespaced=is_namespaced)
        for group, kind, is_namespaced in _OTHER_POLICIES
    ),
    *(_kind(_GATEWAY, k, ReadAs.ROUTE) for k in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute")),
    _kind(_GATEWAY, "Gateway", ReadAs.GATEWAY),
    _kind("networking.istio.io", "Gateway", ReadAs.GATEWAY),
    _kind("networking.istio.io", "VirtualService", ReadAs.ROUTE),
    *(
        _kind(_ISTIO, k, ReadAs.MESH_POLICY)
        for k in ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")
    ),
    _kind("gateway.envoyproxy.io", "SecurityPolicy", ReadAs.MESH_POLICY),
    *(_kind(group, kind, ReadAs.MESH_POLICY, is_listed=False) for group, kind in _GUARDS),
    _kind("", "ServiceAccount", ReadAs.ACCOUNT),
    _kind(_RBAC, "Role", ReadAs.ROLE),
    _kind(_RBAC, "ClusterRole", ReadAs.ROLE, is_namespaced=False),
    _kind(_RBAC, "RoleBinding", ReadAs.BINDING),
    _kind(_RBAC, "ClusterRoleBinding", ReadAs.BINDING, is_namespaced=False),
    _kind("", "Namespace", ReadAs.NAMESPACE, is_namespaced=False),
    _kind("", "PersistentVolume", ReadAs.VOLUME, is_namespaced=False),
    _kind("", "PersistentVolumeClaim", ReadAs.VOLUME),
    _kind(_ADMISSION, "ValidatingAdmissionPolicy", ReadAs.ADMISSION, is_namespaced=False),
    _kind(_ADMISSION, "ValidatingWebhookConfiguration", ReadAs.ADMISSION, is_namespaced=False),
    _kind("kyverno.io", "ClusterPolicy", ReadAs.ADMISSION, is_namespaced=False),
    _kind("kyverno.io", "Policy", ReadAs.ADMISSION),
    _kind("policies.kyverno.io", "ImageValidatingPolicy", ReadAs.ADMISSION, is_namespaced=False),
    _kind("policy.sigstore.dev", "ClusterImagePolicy", ReadAs.ADMISSION, is_namespaced=False),
    _kind(_KSERVE, "InferenceService", _E, "serving"),
    _kind(_KSERVE, "LLMInferenceService", _E, "serving"),
    _kind(_KSERVE, "InferenceGraph", _E, "serving"),
    _kind(_KSERVE, "ServingRuntime", _W, "serving"),
    _kind(_KSERVE, "ClusterServingRuntime", _W, "serving", is_namespaced=False),
    _kind(_KSERVE, "LLMInferenceServiceConfig", _W, "serving"),
    _kind("ray.io", "RayCluster", ReadAs.RAY, "ray"),
    _kind("ray.io", "RayService", ReadAs.RAY, "ray"),
    _kind("ray.io", "RayJob", ReadAs.RAY, "ray"),
    _kind("machinelearning.seldon.io", "SeldonDeployment", _E, "serving"),
    _kind("mlops.seldon.io", "Model", _E, "serving"),
    _kind("mlops.seldon.io", "Server", _W, "serving"),
    _kind("mlops.seldon.io", "ServerConfig", _W, "serving"),
    _kind("apps.nvidia.com", "NIMService", _E, "serving"),
    # In a cluster its pods are read.
    _kind("kubeai.org", "Model", _E, "serving", is_listed=False),
    _kind("production-stack.vllm.ai", "VLLMRuntime", _E, "serving"),
    _kind("serving.knative.dev", "Service", _W),
    _kind(_KUBEFLOW, "Notebook", _W, "notebook"),
    _kind(_KUBEFLOW, "Profile", ReadAs.ASIDE, is_namespaced=False, is_listed=False,
          holds="a team's namespace"),
    *(
        _kind(_KUBEFLOW, k, _W, "training")
        for k in (
            "PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "Experiment",
        )
    ),
    _kind("trainer.kubeflow.org", "TrainJob", _W, "training"),
    _kind("trainer.kubeflow.org", "TrainingRuntime", _W, "training"),
    _kind("trainer.kubeflow.org", "ClusterTrainingRuntime", _W, "training", is_namespaced=False),
    *(
        _kind("argoproj.io", k, _W)
        for k in ("Workflow", "WorkflowTemplate", "CronWorkflow")
    ),
    _kind("argoproj.io", "ClusterWorkflowTemplate", _W, is_namespaced=False),
    _kind("jobset.x-k8s.io", "JobSet", _W, "training"),
    _kind("leaderworkerset.x-k8s.io", "LeaderWorkerSet", _W, "serving"),
    _kind("", "ConfigMap", ReadAs.CONFIG, is_listed=False),
    _kind("", "Secret", _ASIDE, is_listed=False, holds="a secret, which is not read"),
)  # fmt: skip

_TRAEFIK = ("MiddlewareTCP", "TLSOption", "TLSStore", "ServersTransport",
            "ServersTransportTCP")  # fmt: skip
# Kinds that hold nothing a rule reads; counted, and left out with the reason.
_ASIDES: Mapping[str, tuple[str, ...]] = {
    "": ("Endpoints", "Event", "LimitRange", "ResourceQuota", "Binding", "Node"),
    "apps": ("ControllerRevision",),
    "policy": ("PodDisruptionBudget", "PodSecurityPolicy"),
    "autoscaling": ("HorizontalPodAutoscaler",),
    "apiextensions.k8s.io": ("CustomResourceDefinition",),
    "apiregistration.k8s.io": ("APIService",),
    _ADMISSION: (
        "MutatingWebhookConfiguration", "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    ),
    "storage.k8s.io": ("StorageClass", "CSIDriver", "VolumeAttachment", "CSINode"),
    "scheduling.k8s.io": ("PriorityClass",),
    "node.k8s.io": ("RuntimeClass",),
    "coordination.k8s.io": ("Lease",),
    "discovery.k8s.io": ("EndpointSlice",),
    "networking.k8s.io": ("IngressClass",),
    _GATEWAY: ("GatewayClass", "ReferenceGrant"),
    "cert-manager.io": ("Certificate", "Issuer", "ClusterIssuer", "CertificateRequest"),
    "monitoring.coreos.com": ("ServiceMonitor", "PodMonitor", "PrometheusRule"),
    "networking.istio.io": (
        "DestinationRule", "ServiceEntry", "Sidecar", "EnvoyFilter", "WorkloadEntry",
    ),
    "kueue.x-k8s.io": (
        "ClusterQueue", "LocalQueue", "ResourceFlavor", "Workload", "Cohort", "AdmissionCheck",
    ),
    "keda.sh": ("ScaledObject", "TriggerAuthentication"),
    _KSERVE: ("ClusterStorageContainer", "TrainedModel", "LocalModelCache", "LocalModelNodeGroup"),
    "inference.networking.x-k8s.io": ("InferenceModel", "InferenceObjective"),
    "serving.knative.dev": ("Route", "Configuration", "Revision"),
    "networking.internal.knative.dev": (
        "Ingress", "Certificate", "ServerlessService", "ClusterDomainClaim",
    ),
    "autoscaling.internal.knative.dev": ("Metric", "PodAutoscaler"),
    "traefik.io": _TRAEFIK,
    "traefik.containo.us": _TRAEFIK,
    "elbv2.k8s.aws": ("IngressClassParams",),
    "gateway.envoyproxy.io": ("EnvoyProxy", "BackendTrafficPolicy", "ClientTrafficPolicy"),
    "kustomize.config.k8s.io": ("Kustomization", "Component"),
}  # fmt: skip
BY_KIND: Mapping[tuple[str, str], Kind] = {(entry.group, entry.kind): entry for entry in KINDS} | {
    (group, kind): _kind(group, kind, _ASIDE, is_listed=False, holds="nothing that a rule reads")
    for group, kinds in _ASIDES.items()
    for kind in kinds
}
