import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, aws_ecr as ecr, aws_sqs as sqs } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketAccessControl, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

const PREFIX = 'models';

export class Storage extends Stack {
  private readonly key: kms.Key;

  constructor(scope: Construct, id: string, props?: any) {
    super(scope, id, props);
    this.key = new kms.Key(this, 'Key', { enableKeyRotation: true, pendingWindow: Duration.days(7) });
    new kms.Key(this, 'Unrotated');
    new kms.Key(this, 'Open', {
      policy: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({
            actions: ['kms:*'],
            resources: ['*'],
            principals: [new iam.AnyPrincipal()],
          }),
        ],
      }),
    });
    const logBucket = new Bucket(this, 'Logs', { encryption: BucketEncryption.S3_MANAGED, enforceSSL: true });
    new Bucket(this, 'Models', {
      bucketName: `${PREFIX}-of-this-test`,
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      serverAccessLogsBucket: logBucket,
      serverAccessLogsPrefix: 'models/',
    });
    new Bucket(this, 'Plain');
    new Bucket(this, 'Keyed', { encryptionKey: this.key });
    new Bucket(this, 'Acls', { blockPublicAccess: BlockPublicAccess.BLOCK_ACLS, versioned: false });
    const shared = new Bucket(this, 'Shared', {
      accessControl: BucketAccessControl.PUBLIC_READ,
      publicReadAccess: true,
      blockPublicAccess: new BlockPublicAccess({
        blockPublicAcls: false, blockPublicPolicy: false, ignorePublicAcls: false, restrictPublicBuckets: false,
      }),
    });
    shared.addToResourcePolicy(
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        principals: [new iam.AccountPrincipal('111122223333')],
        actions: ['s3:PutObject'],
        resources: [shared.bucketArn],
        conditions: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1234567890' } },
      }),
    );
    new Bucket(this, 'Short', { autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY });
    const granted = new Bucket(this, 'Granted', { enforceSSL: true });
    const reader = new iam.Role(this, 'Reader', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') });
    granted.grantRead(reader);
    new Secret(this, 'Secret', { secretName: 'token', encryptionKey: this.key });
    new Secret(this, 'PlainSecret');
    new ecr.Repository(this, 'Images', { imageScanOnPush: true, imageTagMutability: ecr.TagMutability.IMMUTABLE });
    new ecr.Repository(this, 'KeyedImages', { encryption: ecr.RepositoryEncryption.KMS, encryptionKey: this.key });
    new logs.LogGroup(this, 'Week', { retention: logs.RetentionDays.ONE_WEEK, encryptionKey: this.key });
    new logs.LogGroup(this, 'Default', { logGroupName: `/aws/sagemaker/Endpoints/${Aws.REGION}` });
    new sqs.Queue(this, 'Queue');
    new CfnOutput(this, 'Out', { value: shared.bucketName });
  }
}
