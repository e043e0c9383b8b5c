"""What Google's predefined roles allow at the least: code cannot ask, and these are documented.

Only for code: of an account, roles are asked. A role may allow more than stands here, so that this
proves that something is allowed and never that it is not. From the pages on predefined roles of
each service, as of November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

_READ = frozenset({"storage.objects.get", "storage.objects.list"})
_WRITE = frozenset({"storage.objects.create", "storage.objects.delete"})
_SIGN = frozenset(
    f"iam.serviceAccounts.{what}"
    for what in ("getAccessToken", "implicitDelegation", "signBlob", "signJwt")
)
_ENCRYPT = frozenset({"cloudkms.cryptoKeyVersions.useToEncrypt"})
_DECRYPT = frozenset({"cloudkms.cryptoKeyVersions.useToDecrypt"})
_ROWS = frozenset({"bigquery.tables.getData"})

AT_LEAST: Mapping[str, frozenset[str]] = {
    "roles/owner": frozenset({"resourcemanager.projects.setIamPolicy"}),
    "roles/resourcemanager.projectIamAdmin": frozenset({"resourcemanager.projects.setIamPolicy"}),
    "roles/storage.objectViewer": _READ,
    "roles/storage.objectCreator": frozenset({"storage.objects.create"}),
    "roles/storage.objectUser": _READ | _WRITE,
    "roles/storage.objectAdmin": _READ | _WRITE,
    "roles/storage.admin": _READ | _WRITE | {"storage.buckets.setIamPolicy"},
    "roles/storage.legacyObjectReader": frozenset({"storage.objects.get"}),
    "roles/storage.legacyBucketReader": frozenset({"storage.objects.list"}),
    "roles/storage.legacyBucketWriter": _WRITE | {"storage.objects.list"},
    "roles/storage.legacyBucketOwner": _WRITE
    | {"storage.objects.list", "storage.buckets.setIamPolicy"},
    "roles/run.invoker": frozenset({"run.routes.invoke"}),
    "roles/cloudfunctions.invoker": frozenset({"cloudfunctions.functions.invoke"}),
    "roles/secretmanager.secretAccessor": frozenset({"secretmanager.versions.access"}),
    "roles/iam.serviceAccountTokenCreator": _SIGN,
    "roles/iam.serviceAccountUser": frozenset({"iam.serviceAccounts.actAs"}),
    "roles/iam.serviceAccountKeyAdmin": frozenset({"iam.serviceAccountKeys.create"}),
    "roles/iam.serviceAccountAdmin": frozenset({"iam.serviceAccounts.setIamPolicy"}),
    "roles/cloudkms.cryptoKeyEncrypter": _ENCRYPT,
    "roles/cloudkms.cryptoKeyDecrypter": _DECRYPT,
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": _ENCRYPT | _DECRYPT,
    "roles/aiplatform.user": frozenset({"aiplatform.endpoints.predict"}),
    "roles/artifactregistry.writer": frozenset({"artifactregistry.repositories.uploadArtifacts"}),
    "roles/bigquery.dataViewer": _ROWS,
    "roles/bigquery.dataEditor": _ROWS | {"bigquery.tables.updateData"},
    "roles/bigquery.dataOwner": _ROWS | {"bigquery.tables.updateData"},
}
