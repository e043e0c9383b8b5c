"""The invented company as typed data: deployments, planted faults, and what rules must say.

Ground truth comes from here, never from what an emulator echoes.
"""

from __future__ import annotations

import enum

import msgspec

ACCOUNT = "123456789012"
FOREIGN_ACCOUNT = "999988887777"
HOME = "eu-west-1"
QUIET = "us-east-1"
REGIONS = (HOME, QUIET)


class Carrier(enum.Enum):
    """What of a deployment a fault sits on."""

    ENDPOINT = "endpoint"
    ENDPOINT_CONFIG = "endpoint_config"
    MODEL = "model"
    ROLE = "role"
    BUCKET = "bucket"
    KEY = "key"
    REPOSITORY = "repository"
    LOG_GROUP = "log_group"
    NOTEBOOK = "notebook"
    PACKAGE_GROUP = "package_group"
    TRAINING_JOB = "training_job"


class Fault(enum.Enum):
    """One class of planted fault: (carrier, every how many deployments, which of them)."""

    VOLUME_WITHOUT_KEY = (Carrier.ENDPOINT_CONFIG, 2, 1)
    NO_DATA_CAPTURE = (Carrier.ENDPOINT_CONFIG, 5, 3)
    ONE_INSTANCE = (Carrier.ENDPOINT_CONFIG, 3, 2)
    MODEL_WITHOUT_VPC = (Carrier.MODEL, 4, 2)
    NO_NETWORK_ISOLATION = (Carrier.MODEL, 3, 1)
    IMAGE_BY_TAG = (Carrier.MODEL, 8, 5)
    SECRET_IN_ENVIRONMENT = (Carrier.MODEL, 6, 4)
    OPEN_SECURITY_GROUP = (Carrier.MODEL, 11, 3)
    ROLE_TRUSTS_ANYONE = (Carrier.ROLE, 13, 5)
    ROLE_IS_ADMIN = (Carrier.ROLE, 7, 6)
    BUCKET_PUBLIC = (Carrier.BUCKET, 9, 7)
    BUCKET_WRITABLE_FROM_OUTSIDE = (Carrier.BUCKET, 10, 8)
    BUCKET_NOT_VERSIONED = (Carrier.BUCKET, 4, 3)
    KEY_NOT_ROTATED = (Carrier.KEY, 4, 1)
    KEY_PENDING_DELETION = (Carrier.KEY, 19, 10)
    REPOSITORY_TAGS_MUTABLE = (Carrier.REPOSITORY, 5, 4)
    REPOSITORY_NOT_SCANNED = (Carrier.REPOSITORY, 7, 2)
    LOGS_KEPT_FOR_EVER = (Carrier.LOG_GROUP, 6, 1)
    NOTEBOOK_ROOT = (Carrier.NOTEBOOK, 10, 0)
    NOTEBOOK_DIRECT_INTERNET = (Carrier.NOTEBOOK, 10, 5)
    NOTEBOOK_WITHOUT_KEY = (Carrier.NOTEBOOK, 15, 5)
    PACKAGE_GROUP_OPEN = (Carrier.PACKAGE_GROUP, 8, 2)
    TRAINING_VOLUME_WITHOUT_KEY = (Carrier.TRAINING_JOB, 4, 0)
    TRAINING_TRAFFIC_IN_CLEAR = (Carrier.TRAINING_JOB, 6, 2)

    @property
    def carrier(self) -> Carrier:
        return self.value[0]

    def strikes(self, index: int) -> bool:
        _, every, which = self.value
        return index % every == which


# Which deployments have the things that not every one has: carrier -> (every, which).
_SOME_HAVE = {
    Carrier.NOTEBOOK: (5, 0),
    Carrier.PACKAGE_GROUP: (4, 2),
    Carrier.TRAINING_JOB: (2, 0),
}

# What must fail for each fault, and for nothing else: the rule, and on what of the deployment.
MUST_FAIL: tuple[tuple[Fault, str, Carrier], ...] = (
    (
        Fault.VOLUME_WITHOUT_KEY,
        "sagemaker/endpoint-config-without-customer-key",
        Carrier.ENDPOINT_CONFIG,
    ),
    (Fault.NO_DATA_CAPTURE, "sagemaker/endpoint-config-without-capture", Carrier.ENDPOINT_CONFIG),
    (Fault.ONE_INSTANCE, "sagemaker/endpoint-config-single-replica", Carrier.ENDPOINT_CONFIG),
    (Fault.MODEL_WITHOUT_VPC, "sagemaker/model-without-customer-network", Carrier.MODEL),
    (Fault.NO_NETWORK_ISOLATION, "sagemaker/model-without-network-isolation", Carrier.MODEL),
    (Fault.IMAGE_BY_TAG, "sagemaker/model-image-unpinned", Carrier.MODEL),
    (Fault.SECRET_IN_ENVIRONMENT, "sagemaker/model-secret-in-environment", Carrier.MODEL),
    (Fault.OPEN_SECURITY_GROUP, "sagemaker/model-security-group-public", Carrier.MODEL),
    (Fault.BUCKET_PUBLIC, "s3/bucket-public-read", Carrier.BUCKET),
    (Fault.BUCKET_WRITABLE_FROM_OUTSIDE, "s3/bucket-externally-writable", Carrier.BUCKET),
    (Fault.BUCKET_WRITABLE_FROM_OUTSIDE, "s3/bucket-externally-readable", Carrier.BUCKET),
    (Fault.BUCKET_NOT_VERSIONED, "s3/bucket-unversioned", Carrier.BUCKET),
    (Fault.KEY_NOT_ROTATED, "kms/key-not-rotated", Carrier.KEY),
    (Fault.KEY_PENDING_DELETION, "kms/key-pending-deletion", Carrier.KEY),
    (Fault.REPOSITORY_TAGS_MUTABLE, "ecr/repository-tags-mutable", Carrier.REPOSITORY),
    (Fault.REPOSITORY_NOT_SCANNED, "ecr/repository-unscanned", Carrier.REPOSITORY),
    (Fault.LOGS_KEPT_FOR_EVER, "logs/ml-log-group-without-expiry", Carrier.LOG_GROUP),
    (Fault.NOTEBOOK_ROOT, "sagemaker/notebook-root-access", Carrier.NOTEBOOK),
    (Fault.NOTEBOOK_DIRECT_INTERNET, "sagemaker/notebook-direct-internet", Carrier.NOTEBOOK),
    (Fault.NOTEBOOK_WITHOUT_KEY, "sagemaker/notebook-volume-without-kms", Carrier.NOTEBOOK),
    (Fault.ROLE_TRUSTS_ANYONE, "iam/ml-role-trust-unrestricted", Carrier.ROLE),
    (Fault.ROLE_IS_ADMIN, "iam/ml-role-admin", Carrier.ROLE),
    (Fault.PACKAGE_GROUP_OPEN, "sagemaker/package-group-public", Carrier.PACKAGE_GROUP),
    (
        Fault.TRAINING_VOLUME_WITHOUT_KEY,
        "sagemaker/training-volume-without-customer-key",
        Carrier.TRAINING_JOB,
    ),
    (
        Fault.TRAINING_TRAFFIC_IN_CLEAR,
        "sagemaker/training-traffic-unencrypted",
        Carrier.TRAINING_JOB,
    ),
)

# What a rule leaves to another, which says worse of the same thing: anyone reads it, not one
# account.
_LEFT_TO_ANOTHER = {"s3/bucket-externally-readable": Fault.BUCKET_PUBLIC}


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One model in production with all that it stands on."""

    index: int
    name: str
    faults: frozenset[Fault]
    extra_tags: tuple[tuple[str, str], ...] = ()

    def has(self, carrier: Carrier) -> bool:
        every, which = _SOME_HAVE.get(carrier, (1, 0))
        return self.index % every == which

    def called(self, carrier: Carrier) -> str:
        """Give the name of the deployment's thing of this kind."""
        return {
            Carrier.BUCKET: f"nordlicht-{self.name}-artifacts",
            Carrier.REPOSITORY: f"nordlicht/{self.name}",
            Carrier.LOG_GROUP: f"/aws/sagemaker/Endpoints/{self.name}",
            Carrier.ROLE: f"{self.name}-execution",
            Carrier.KEY: f"alias/{self.name}",
            Carrier.ENDPOINT_CONFIG: f"{self.name}-config",
        }.get(carrier, self.name)


class Estate(msgspec.Struct, frozen=True, kw_only=True):
    """The whole company."""

    deployments: tuple[Deployment, ...]
    is_hostile: bool = False  # names and tags that try to break a report
    has_story: bool = False  # the demo's attack paths and assistants
    has_zoo: bool = False  # a specimen of every kind that the company does not own
    is_written: bool = False  # not the company: the one deployment that is also written as code
    is_default: bool = False  # not the company: what the console makes for who clicks through

    def must_fail(self, fault: Fault, rule: str, carrier: Carrier) -> frozenset[str]:
        """Name the things that a rule for this fault must fail, and no others."""
        left = _LEFT_TO_ANOTHER.get(rule)
        return frozenset(
            d.called(carrier)
            for d in self.deployments
            if fault in d.faults and left not in d.faults
        )


_PURPOSES = ("churn", "fraud", "credit", "support", "forecast", "search", "pricing", "ocr")
HOSTILE_NAME = "</script><img src=x onerror=alert(1)>\u202e\x1b[31m${{x}}`id`|\n::error::x"
HOSTILE_TAGS = (
    ("Owner", "<script>alert(1)</script>"),
    ("team", "\u202etxt.exe \u200b]]>--><img src=x onerror=alert(1)>"),
    ("note", "${{ github.token }} ::set-output name=x::y `id` $(id) 'a\" | b\\"),
    ("Überlänge", "ß" * 200),
)


def build_estate(
    count: int,
    *,
    is_hostile: bool = False,
    has_story: bool = False,
    has_zoo: bool = False,
    is_written: bool = False,
    is_default: bool = False,
) -> Estate:
    """Declare ``count`` deployments; the faults fall by index, so a prefix is always the same."""
    return Estate(
        deployments=tuple(_deployment(index, is_hostile) for index in range(count)),
        is_hostile=is_hostile,
        has_story=has_story,
        has_zoo=has_zoo,
        is_written=is_written,
        is_default=is_default,
    )


def _deployment(index: int, is_hostile: bool) -> Deployment:
    bare = Deployment(
        index=index,
        name=f"{_PURPOSES[index % len(_PURPOSES)]}-{index:04d}",
        faults=frozenset(),
        extra_tags=HOSTILE_TAGS if is_hostile and index % 3 == 0 else (),
    )
    faults = frozenset(f for f in Fault if f.strikes(index) and bare.has(f.carrier))
    if Fault.KEY_PENDING_DELETION in faults:  # rotation is not a question of a key that goes away
        faults -= {Fault.KEY_NOT_ROTATED}
    if Fault.MODEL_WITHOUT_VPC in faults:
        faults -= {Fault.OPEN_SECURITY_GROUP}
    return msgspec.structs.replace(bare, faults=faults)
