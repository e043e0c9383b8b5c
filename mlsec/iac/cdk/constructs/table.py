"""The table of constructs that are understood: kind -> what it synthesises, and its main type."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlsec.iac.cdk.constructs import apis, buckets, clusters, compute, identity, network, storage
from mlsec.iac.cdk.constructs.grants import FUNCTIONS
from mlsec.iac.cdk.template import Building
from mlsec.iac.cdk.values import Made

Synthesis = Callable[[Building, Made], None]


def method(building: Building, made: Made) -> None:
    """Add a method of an API."""
    apis.method(building, made, FUNCTIONS)


CONSTRUCTS: Mapping[str, tuple[str, Synthesis]] = {
    "awss3.bucket": ("AWS::S3::Bucket", buckets.bucket),
    "awskms.key": ("AWS::KMS::Key", storage.key),
    "awssecretsmanager.secret": ("AWS::SecretsManager::Secret", storage.secret),
    "awsecr.repository": ("AWS::ECR::Repository", storage.repository),
    "awslogs.loggroup": ("AWS::Logs::LogGroup", storage.log_group),
    "awsiam.role": ("AWS::IAM::Role", identity.role),
    "awsiam.user": ("AWS::IAM::User", identity.user),
    "awsiam.policy": ("AWS::IAM::Policy", identity.inline_policy),
    "awsiam.managedpolicy": ("AWS::IAM::ManagedPolicy", identity.managed_policy),
    "awsec2.securitygroup": ("AWS::EC2::SecurityGroup", network.security_group),
    **dict.fromkeys(FUNCTIONS, ("AWS::Lambda::Function", compute.function)),
    "awslambda.functionurl": ("AWS::Lambda::Url", compute.function_url),
    "awsapigateway.restapi": ("AWS::ApiGateway::RestApi", apis.rest_api),
    "awsapigateway.lambdarestapi": ("AWS::ApiGateway::RestApi", apis.rest_api),
    "awsopensearchservice.domain": ("AWS::OpenSearchService::Domain", clusters.domain),
    "awseks.cluster": ("AWS::EKS::Cluster", clusters.cluster),
}
