import * as cdk from 'aws-cdk-lib';
import {
  aws_ec2 as ec2, aws_ecr as ecr, aws_iam as iam, aws_kms as kms, aws_lambda as lambda, aws_logs as logs, aws_s3 as s3,
  aws_secretsmanager as secretsmanager, aws_sqs as sqs, aws_opensearchservice as opensearch, aws_apigateway as apigateway,
} from 'aws-cdk-lib';

export class Variations extends cdk.Stack {
  constructor(scope: any, id: string, props?: any) {
    super(scope, id, props);
    const key = new kms.Key(this, 'Key', { alias: 'models', rotationPeriod: cdk.Duration.days(180), description: 'x' });
    new kms.Key(this, 'Signing', { keySpec: kms.KeySpec.ECC_NIST_P256, keyUsage: kms.KeyUsage.SIGN_VERIFY });
    new kms.Key(this, 'Disabled', { enabled: false, enableKeyRotation: false });
    const shared = new kms.Key(this, 'SharedKey', { admins: [new iam.AccountPrincipal('111122223333')] });
    shared.addToResourcePolicy(new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: ['*'], principals: [new iam.ServicePrincipal('logs.amazonaws.com')] }));
    new s3.Bucket(this, 'OwnKey', { encryption: s3.BucketEncryption.KMS, bucketKeyEnabled: true });
    new s3.Bucket(this, 'Managed', { encryption: s3.BucketEncryption.KMS_MANAGED });
    new s3.Bucket(this, 'Own', { serverAccessLogsPrefix: 'own/' });
    new s3.Bucket(this, 'Twice', { encryption: s3.BucketEncryption.DSSE_MANAGED });
    new s3.Bucket(this, 'Unencrypted', { encryption: s3.BucketEncryption.UNENCRYPTED });
    new s3.Bucket(this, 'Locked', { objectLockEnabled: true, objectLockDefaultRetention: s3.ObjectLockRetention.governance(cdk.Duration.days(7)), versioned: true });
    new s3.Bucket(this, 'Part', { blockPublicAccess: new s3.BlockPublicAccess({ blockPublicAcls: true }) });
    new s3.Bucket(this, 'Ruled', { lifecycleRules: [{ expiration: cdk.Duration.days(3) }], cors: [{ allowedMethods: [s3.HttpMethods.GET], allowedOrigins: ['*'] }] });
    new s3.Bucket(this, 'Tls', { enforceSSL: true, minimumTLSVersion: 1.2 });
    const open = new s3.Bucket(this, 'Granted', { blockPublicAccess: new s3.BlockPublicAccess({ blockPublicPolicy: false, restrictPublicBuckets: false, blockPublicAcls: true, ignorePublicAcls: true }) });
    open.grantPublicAccess();
    open.grantRead(new iam.AccountPrincipal('111122223333'));
    const conditions = { StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' } };
    new iam.Role(this, 'Federated', {
      assumedBy: new iam.FederatedPrincipal('arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com', conditions, 'sts:AssumeRoleWithWebIdentity'),
      path: '/ml/', maxSessionDuration: cdk.Duration.hours(2),
      permissionsBoundary: iam.ManagedPolicy.fromAwsManagedPolicyName('PowerUserAccess'),
    });
    new iam.Role(this, 'Web', { assumedBy: new iam.WebIdentityPrincipal('cognito-identity.amazonaws.com', { StringEquals: { a: 'b' } }) });
    new iam.Role(this, 'Anyone', { assumedBy: new iam.AnyPrincipal() });
    new iam.Role(this, 'Outside', { assumedBy: new iam.AccountPrincipal('111122223333'), externalIds: ['x'] });
    new iam.Role(this, 'Arn', { assumedBy: new iam.ArnPrincipal('arn:aws:iam::111122223333:role/x') });
    new iam.Role(this, 'Conditional', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com').withConditions({ StringEquals: { 'aws:SourceAccount': this.account } }) });
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('bedrock.amazonaws.com'),
      inlinePolicies: { a: new iam.PolicyDocument({ statements: [
        new iam.PolicyStatement({ sid: 'One', effect: iam.Effect.DENY, notActions: ['s3:*'], resources: ['*'] }),
        new iam.PolicyStatement({ actions: ['s3:GetObject'], notResources: ['arn:aws:s3:::x/*'], conditions: { Bool: { 'aws:SecureTransport': 'true' } } }),
      ] }) },
    });
    const extra = new iam.Policy(this, 'Attached', { statements: [new iam.PolicyStatement({ actions: ['sagemaker:*'], resources: ['*'] })] });
    extra.attachToRole(role);
    const later = new iam.Policy(this, 'Later', { document: new iam.PolicyDocument({ statements: [new iam.PolicyStatement({ actions: ['logs:*'], resources: ['*'] })] }) });
    role.attachInlinePolicy(later);
    const managed = new iam.ManagedPolicy(this, 'Managed2', { statements: [new iam.PolicyStatement({ actions: ['ecr:*'], resources: ['*'] })], roles: [role] });
    const user = new iam.User(this, 'User', { userName: 'u', managedPolicies: [managed] });
    user.addToPolicy(new iam.PolicyStatement({ actions: ['s3:ListAllMyBuckets'], resources: ['*'] }));
    key.grantDecrypt(role);
    new secretsmanager.Secret(this, 'Readable', { generateSecretString: { passwordLength: 20 } }).grantRead(role);
    const queue = new sqs.Queue(this, 'Queue');
    new logs.LogGroup(this, 'Forever', { retention: logs.RetentionDays.INFINITE });
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 1, natGateways: 0 });
    const a = new ec2.SecurityGroup(this, 'A', { vpc, allowAllOutbound: true, allowAllIpv6Outbound: true });
    const b = new ec2.SecurityGroup(this, 'B', { vpc, allowAllOutbound: false });
    a.addIngressRule(b, ec2.Port.tcp(443));
    b.connections.allowFromAnyIpv4(ec2.Port.tcp(22));
    b.addEgressRule(ec2.Peer.ipv4('10.0.0.0/8'), ec2.Port.udp(53));
    a.addIngressRule(ec2.Peer.prefixList('pl-1234'), ec2.Port.allTcp());
    const fn = new lambda.Function(this, 'Dead', {
      runtime: lambda.Runtime.PYTHON_3_11, handler: 'a.b', code: lambda.Code.fromInline('x'), deadLetterQueue: queue,
      environmentEncryption: key, vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }, securityGroups: [a],
    });
    fn.addEnvironment('MODEL', 'm');
    fn.addPermission('Bedrock', { principal: new iam.ServicePrincipal('bedrock.amazonaws.com'), sourceArn: 'arn:aws:bedrock:eu-west-1:111122223333:agent/x' });
    fn.grantInvoke(role);
    new lambda.DockerImageFunction(this, 'Image', { code: lambda.DockerImageCode.fromEcr(ecr.Repository.fromRepositoryName(this, 'R', 'r')), tracing: lambda.Tracing.DISABLED });
    new ecr.Repository(this, 'Policy', { imageTagMutability: ecr.TagMutability.MUTABLE, encryption: ecr.RepositoryEncryption.AES_256 }).addToResourcePolicy(
      new iam.PolicyStatement({ actions: ['ecr:BatchGetImage'], principals: [new iam.AnyPrincipal()] }),
    );
    const api = new apigateway.RestApi(this, 'Api', { defaultMethodOptions: { authorizationType: apigateway.AuthorizationType.IAM }, deployOptions: { stageName: 'v1', tracingEnabled: true, throttlingRateLimit: 5 } });
    api.root.addMethod('GET');
    api.root.resourceForPath('a/b').addMethod('POST', new apigateway.LambdaIntegration(fn));
    new apigateway.LambdaRestApi(this, 'Proxy', { handler: fn });
    new opensearch.Domain(this, 'Fine', { version: opensearch.EngineVersion.OPENSEARCH_2_11, fineGrainedAccessControl: { masterUserName: 'admin' }, encryptionAtRest: { enabled: true, kmsKey: key }, enforceHttps: true, nodeToNodeEncryption: true, logging: { auditLogEnabled: true } });
    new opensearch.Domain(this, 'Basic', { version: opensearch.EngineVersion.OPENSEARCH_2_11, useUnsignedBasicAuth: true });
  }
}
