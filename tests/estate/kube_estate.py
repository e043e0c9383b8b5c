"""An invented cluster: one object of each kind that a scan lists, some of them at fault."""

from __future__ import annotations

from typing import Any

from mlsec.core.strict_yaml import parse
from mlsec.providers.kubernetes.workloads.kinds import KINDS

TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
STORY = """
- apiVersion: v1
  kind: Namespace
  metadata: {name: models, labels: {pod-security.kubernetes.io/enforce: baseline}}
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: llm
    namespace: models
    managedFields: [{manager: kubectl}]
    annotations: {kubectl.kubernetes.io/last-applied-configuration: SECRET}
  spec:
    replicas: 2
    template:
      metadata: {labels: {app: llm}}
      spec:
        serviceAccountName: llm
        containers:
          - name: server
            image: vllm/vllm-openai:v0.11.0
            args: [--model, "s3://weights/llama", --port, "8000"]
            ports: [{containerPort: 8000}]
            env:
              - {name: HF_TOKEN, value: SECRET}
              - {name: VLLM_LOGGING_LEVEL, value: DEBUG}
            volumeMounts: [{name: settings, mountPath: /etc/llm}]
        volumes: [{name: settings, configMap: {name: llm}}]
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: llm, namespace: models}
  data: {settings.yaml: "api_key: SECRET"}
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata:
    name: llm-1
    namespace: models
    ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: llm, controller: true}]
  spec: {template: {spec: {containers: [{name: server, image: "vllm/vllm-openai:v0.11.0"}]}}}
- apiVersion: v1
  kind: Service
  metadata: {name: llm, namespace: models}
  spec: {type: LoadBalancer, selector: {app: llm}, ports: [{port: 80, targetPort: 8000}]}
  status: {loadBalancer: {ingress: [{hostname: a1.elb.amazonaws.com}]}}
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: llm
    namespace: models
    annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/llm"}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: llm}
  roleRef: {kind: ClusterRole, name: secret-reader}
  subjects: [{kind: ServiceAccount, name: llm, namespace: models}]
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRole
  metadata: {name: secret-reader}
  rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
- apiVersion: odd.example.com/v1
  kind: Odd
  metadata: {name: odd, namespace: models}
"""
_POD = {"containers": [{"name": "main", "image": "registry.example.com/thing:1"}]}


def story() -> list[dict[str, Any]]:
    """Give the objects of the story."""
    found: list[dict[str, Any]] = parse(STORY.replace("SECRET", TOKEN), "story").value
    return found


def zoo() -> list[dict[str, Any]]:
    """Give the story and a bare object of every other kind that is listed."""
    objects = story()
    have = {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in objects}
    for kind in KINDS:
        if not kind.is_listed or (kind.group, kind.kind) in have:
            continue
        where = {"namespace": "zoo"} if kind.is_namespaced else {}
        objects.append(
            {
                "apiVersion": f"{kind.group}/v1" if kind.group else "v1",
                "kind": kind.kind,
                "metadata": {
                    "name": kind.kind.lower(),
                    "labels": {"app": kind.kind.lower()},
                    **where,
                },
                "spec": {"template": {"spec": _POD}} if kind.runs or kind.kind == "Pod" else {},
            }
        )
    return objects
