"""Seed what the deployments share: network, trail, access logs, account settings."""

from __future__ import annotations

import base64

from tests.estate.model import ACCOUNT, HOME, REGIONS
from tests.estate.seed import Clients, Ids
from tests.estate.seed_deployment import allow, policy

IDLE_STOP = "#!/bin/bash\nset -e\nsystemctl enable --now idle-stop.timer\n"


def seed_company(clients: Clients, ids: Ids) -> None:
    """Create the shared parts; all of them are as they should be."""
    _keys(clients, ids)
    _network(clients, ids)
    _log_buckets(clients, ids)
    _trail(clients, ids)
    _account(clients)
    clients("sagemaker").create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="idle-stop",
        OnStart=[{"Content": base64.b64encode(IDLE_STOP.encode()).decode()}],
    )


def _keys(clients: Clients, ids: Ids) -> None:
    kms = clients("kms")
    own = allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ["kms:*"])
    made = kms.create_key(Description="platform", Policy=policy(own))["KeyMetadata"]
    kms.enable_key_rotation(KeyId=made["KeyId"])
    kms.create_alias(AliasName="alias/platform", TargetKeyId=made["KeyId"])
    ids.keys["platform"] = made["Arn"]


def _network(clients: Clients, ids: Ids) -> None:
    for region in REGIONS:
        for vpc in clients("ec2", region).describe_vpcs()["Vpcs"]:
            _remove_default_network(clients("ec2", region), vpc["VpcId"])
    ec2 = clients("ec2")
    ids.vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    for number, zone in enumerate("ab"):
        made = ec2.create_subnet(
            VpcId=ids.vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=HOME + zone
        )
        ids.subnets.append(made["Subnet"]["SubnetId"])
    ids.closed_group = _group(ec2, ids.vpc, "serving", "10.20.0.0/16", 443)
    ids.open_group = _group(ec2, ids.vpc, "serving-debug", "0.0.0.0/0", 8080)
    ids.notes["main_route_table"] = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [ids.vpc]}]
    )["RouteTables"][0]["RouteTableId"]
    for name in ("sagemaker.api", "sagemaker.runtime", "bedrock-runtime", "kms", "logs"):
        ec2.create_vpc_endpoint(
            VpcId=ids.vpc,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.{HOME}.{name}",
            SubnetIds=ids.subnets,
            SecurityGroupIds=[ids.closed_group],
            PrivateDnsEnabled=True,
            PolicyDocument=policy(_of_the_account(f"{name.split('.')[0].split('-')[0]}:*")),
        )
    ec2.create_vpc_endpoint(
        VpcId=ids.vpc,
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.{HOME}.s3",
        RouteTableIds=[ids.notes["main_route_table"]],
        PolicyDocument=policy(_of_the_account("s3:*")),
    )
    clients("logs").create_log_group(logGroupName="/vpc/flow", kmsKeyId=ids.keys["platform"])
    clients("logs").put_retention_policy(logGroupName="/vpc/flow", retentionInDays=365)
    clients("iam").create_role(
        RoleName="vpc-flow-logs",
        AssumeRolePolicyDocument=policy(
            {
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ),
    )
    ec2.create_flow_logs(
        ResourceIds=[ids.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="/vpc/flow",
        DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/vpc-flow-logs",
    )


def _of_the_account(action: str) -> dict[str, object]:
    condition = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    return allow("*", [action], "*", Condition=condition)


def _remove_default_network(ec2: object, vpc: str) -> None:
    """A hardened account has no default VPC; the emulator makes one."""
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    for subnet in ec2.describe_subnets(Filters=mine)["Subnets"]:  # type: ignore[attr-defined]
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])  # type: ignore[attr-defined]
    ec2.delete_vpc(VpcId=vpc)  # type: ignore[attr-defined]


def _group(ec2: object, vpc: str, name: str, cidr: str, port: int) -> str:
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)  # type: ignore[attr-defined]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
    ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[rule])  # type: ignore[attr-defined]
    return str(made["GroupId"])


def _log_buckets(clients: Clients, ids: Ids) -> None:
    s3 = clients("s3")
    for name in ("nordlicht-access-logs", "nordlicht-trail"):
        arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HOME})
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True, "IgnorePublicAcls": True,
                "BlockPublicPolicy": True, "RestrictPublicBuckets": True,
            },
        )  # fmt: skip
        deny = {
            "Sid": "OnlyTls", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*",
            "Resource": arns, "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }  # fmt: skip
        service = "logging.s3" if name.endswith("logs") else "cloudtrail"
        write = allow(
            {"Service": f"{service}.amazonaws.com"}, ["s3:PutObject"], arns[1],
            Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        )  # fmt: skip
        read = allow({"Service": f"{service}.amazonaws.com"}, ["s3:GetBucketAcl"], arns[0])
        s3.put_bucket_policy(Bucket=name, Policy=policy(deny, write, read))
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ids.keys["platform"]}
        s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": rule}]
            },
        )


def _trail(clients: Clients, ids: Ids) -> None:
    trail = clients("cloudtrail")
    trail.create_trail(
        Name="company",
        S3BucketName="nordlicht-trail",
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
        KmsKeyId=ids.keys["platform"],
    )
    trail.put_event_selectors(
        TrailName="company",
        EventSelectors=[
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
            }
        ],
    )
    trail.start_logging(Name="company")


def _account(clients: Clients) -> None:
    clients("s3control").put_public_access_block(
        AccountId=ACCOUNT,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": False, "IgnorePublicAcls": False,
            "BlockPublicPolicy": False, "RestrictPublicBuckets": False,
        },
    )  # fmt: skip
    clients("iam").create_account_alias(AccountAlias="nordlicht")
    for region in REGIONS:
        clients("ecr", region).put_registry_scanning_configuration(scanType="BASIC", rules=[])
