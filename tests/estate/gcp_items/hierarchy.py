"""Who may do what in the invented company: policies from the organisation down, and roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.estate.gcp_estate import Planted, Site, binding
from tests.estate.gcp_kinds import account_of
from tests.estate.gcp_world import FOLDER, NUMBER, ORGANIZATION, PROJECT, Thing, Told

FAULTS: tuple[Planted, ...] = ()
PARTNER = "user:ci.partner.works@gmail.com"
COLLEAGUES = "group:ml@nordlicht.example"
ROLES: Mapping[str, tuple[str, ...]] = {
    "roles/owner": ("resourcemanager.projects.setIamPolicy", "iam.serviceAccounts.actAs"),
    "roles/editor": (
        "iam.serviceAccounts.actAs", "aiplatform.customJobs.create", "aiplatform.endpoints.predict",
    ),
    "roles/viewer": ("resourcemanager.projects.get",),
    "roles/resourcemanager.organizationAdmin": ("resourcemanager.projects.setIamPolicy",),
    "roles/aiplatform.user": ("aiplatform.endpoints.predict", "aiplatform.reasoningEngines.query"),
    "roles/aiplatform.admin": (
        "aiplatform.customJobs.create", "aiplatform.endpoints.delete",
        "aiplatform.endpoints.deploy", "aiplatform.endpoints.predict", "aiplatform.models.delete",
    ),
    "roles/storage.objectViewer": ("storage.objects.get", "storage.objects.list"),
    "roles/storage.objectCreator": ("storage.objects.create",),
    "roles/storage.objectAdmin": (
        "storage.objects.create", "storage.objects.delete", "storage.objects.get",
        "storage.objects.list",
    ),
    "roles/artifactregistry.reader": ("artifactregistry.repositories.downloadArtifacts",),
    "roles/artifactregistry.writer": ("artifactregistry.repositories.uploadArtifacts",),
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": (
        "cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.useToEncrypt",
    ),
    "roles/iam.serviceAccountUser": ("iam.serviceAccounts.actAs",),
    "roles/iam.serviceAccountTokenCreator": ("iam.serviceAccounts.getAccessToken",),
    "roles/secretmanager.secretAccessor": ("secretmanager.versions.access",),
    "roles/modelarmor.admin": ("modelarmor.templates.delete", "modelarmor.templates.update"),
    "roles/logging.admin": ("logging.sinks.delete", "logging.sinks.update"),
    "roles/logging.logWriter": ("logging.logEntries.create",),
    "roles/run.invoker": ("run.routes.invoke",),
    "roles/cloudfunctions.invoker": ("cloudfunctions.functions.invoke",),
    "roles/bigquery.dataViewer": ("bigquery.tables.getData",),
    "roles/bigquery.dataEditor": ("bigquery.tables.getData", "bigquery.tables.updateData"),
    "roles/bigquery.dataOwner": (
        "bigquery.tables.getData", "bigquery.tables.updateData", "bigquery.datasets.update",
    ),
}  # fmt: skip
# Which roles a deployment's account holds on the project; the others hold none there.
_HELD: tuple[tuple[str, ...], ...] = (
    ("roles/editor",),
    ("roles/aiplatform.admin",),
    ("roles/storage.objectAdmin",),
    ("roles/secretmanager.secretAccessor", "roles/modelarmor.admin", "roles/logging.admin"),
    (),
)
SERVICES = ("aiplatform.googleapis.com", "storage.googleapis.com")
_AUDITED = (
    {
        "service": "allServices",
        "auditLogConfigs": [{"logType": "DATA_READ"}, {"logType": "DATA_WRITE"}],
    },
)


def held_by(site: Site) -> tuple[str, ...]:
    """Give the roles of a deployment's account on the project."""
    return _HELD[site.deployment.index % len(_HELD)]


class Policy:
    """The project's policy, to which every deployment adds its account's roles."""

    def __init__(self) -> None:
        self.bindings: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Start over: each company is declared from here."""
        people = (COLLEAGUES, "user:ada@nordlicht.example")
        self.bindings = [binding("roles/viewer", *people), binding("roles/owner", COLLEAGUES)]

    def add(self, site: Site) -> None:
        """Let a deployment's account hold what it holds."""
        member = f"serviceAccount:{account_of(site)}"
        self.bindings.extend(binding(role, member) for role in held_by(site))


POLICY = Policy()


def of_company() -> list[Thing | Told]:
    POLICY.begin()
    return [
        policy(f"projects/{PROJECT}", POLICY.bindings, _AUDITED),
        policy(FOLDER, [binding("roles/viewer", COLLEAGUES)]),
        policy(ORGANIZATION, [binding("roles/resourcemanager.organizationAdmin", COLLEAGUES)]),
        services(*SERVICES),
        Told(
            document="cloudidentity.v1",
            schema="SearchTransitiveGroupsResponse",
            path="groups/-/memberships:searchTransitiveGroups",
            body={"memberships": []},
        ),
        *(role(name, permissions) for name, permissions in ROLES.items()),
    ]


def policy(
    node: str, bindings: list[dict[str, Any]], audits: tuple[Mapping[str, Any], ...] = ()
) -> Told:
    """Give the policy of a project, folder or organisation."""
    return Told(
        document="cloudresourcemanager.v3",
        schema="Policy",
        path=f"{node}:getIamPolicy",
        body={"version": 3, "bindings": bindings, "auditConfigs": list(audits)},
    )


def services(*names: str) -> Told:
    """Give the APIs that are on."""
    return Told(
        document="serviceusage.v1",
        schema="ListServicesResponse",
        path=f"projects/{PROJECT}/services",
        body={"services": [{"config": {"name": name}, "state": "ENABLED"} for name in names]},
    )


def constraint(name: str, rule: Mapping[str, Any], node: str = f"projects/{PROJECT}") -> Thing:
    """Give an organisation policy with one rule."""
    path = f"{node}/policies/{name}"
    return Thing(
        document="orgpolicy.v2",
        schema="GoogleCloudOrgpolicyV2Policy",
        path=path,
        body={"name": path, "spec": {"rules": [dict(rule)]}},
    )


def perimeter() -> list[Thing | Told]:
    """Give a perimeter that keeps the project's data in."""
    access = "accessPolicies/7"
    path = f"{access}/servicePerimeters/ml"
    return [
        Told(
            document="accesscontextmanager.v1",
            schema="ListAccessPoliciesResponse",
            path="accessPolicies",
            body={"accessPolicies": [{"name": access, "title": "default"}]},
        ),
        Thing(
            document="accesscontextmanager.v1",
            schema="ServicePerimeter",
            path=path,
            body={
                "name": path,
                "title": "ml",
                "status": {
                    "resources": [f"projects/{NUMBER}"],
                    "restrictedServices": list(SERVICES),
                },
            },
        ),
    ]


def of_deployment(site: Site) -> list[Thing | Told]:
    POLICY.add(site)
    return []


def specimens() -> list[Thing | Told]:
    """Give one of each kind that the company does not have."""
    attached = f"cloudresourcemanager.googleapis.com%2Fprojects%2F{PROJECT}"
    deny = f"policies/{attached}/denypolicies/no-wide-writes"
    titled = {"title": "scores", "includedPermissions": ["aiplatform.endpoints.predict"]}
    own, shared = f"projects/{PROJECT}/roles/scorer", f"{ORGANIZATION}/roles/scorer"
    return [
        constraint("iam.disableServiceAccountKeyCreation", {"enforce": True}),
        Thing(
            document="iam.v2",
            schema="GoogleIamV2Policy",
            path=deny,
            body={
                "name": deny,
                "displayName": "no wide writes",
                "rules": [
                    {
                        "denyRule": {
                            "deniedPrincipals": ["principalSet://goog/public:all"],
                            "deniedPermissions": ["storage.googleapis.com/buckets.delete"],
                        }
                    }
                ],
            },
        ),
        Thing(document="iam.v1", schema="Role", path=own, body={"name": own, **titled}),
        Thing(document="iam.v1", schema="Role", path=shared, body={"name": shared, **titled}),
        *perimeter(),
    ]


def role(name: str, permissions: tuple[str, ...]) -> Thing:
    """Give a predefined role with what it allows."""
    body = {"name": name, "stage": "GA", "includedPermissions": list(permissions)}
    return Thing(document="iam.v1", schema="Role", path=name, body=body)
