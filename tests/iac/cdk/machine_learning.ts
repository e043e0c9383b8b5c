import * as cdk from 'aws-cdk-lib';
import * as bedrock from 'aws-cdk-lib/aws-bedrock';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as aoss from 'aws-cdk-lib/aws-opensearchserverless';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { RestApi, LambdaIntegration, AuthorizationType } from 'aws-cdk-lib/aws-apigateway';
import { Domain, EngineVersion } from 'aws-cdk-lib/aws-opensearchservice';
import { Construct } from 'constructs';

const IMAGE = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/serve:1.2';
const common = { instanceType: 'ml.m5.large', initialInstanceCount: 2 };

export class MachineLearning extends cdk.Stack {
  constructor(scope: Construct, id: string, props?: any) {
    super(scope, id, props);
    const execution = new iam.Role(this, 'Execution', {
      roleName: 'execution',
      assumedBy: new iam.CompositePrincipal(
        new iam.ServicePrincipal('sagemaker.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': '111122223333' } } }),
        new iam.AccountRootPrincipal(),
      ),
      managedPolicies: [
        iam.ManagedPolicy.fromAwsManagedPolicyName('AmazonSageMakerFullAccess'),
        iam.ManagedPolicy.fromManagedPolicyArn(this, 'Custom', 'arn:aws:iam::111122223333:policy/custom'),
      ],
      inlinePolicies: {
        data: new iam.PolicyDocument({ statements: [new iam.PolicyStatement({ actions: ['s3:*', 'kms:*'], resources: ['*'] })] }),
      },
    });
    execution.addToPolicy(new iam.PolicyStatement({ actions: ['iam:PassRole'], resources: [`arn:aws:iam::${this.account}:role/x`] }));
    execution.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName('AmazonS3FullAccess'));
    new iam.Policy(this, 'Extra', {
      roles: [execution],
      statements: [new iam.PolicyStatement({ sid: 'All', actions: ['bedrock:*'], resources: ['*'] })],
    });
    new iam.ManagedPolicy(this, 'Managed', {
      managedPolicyName: 'managed',
      statements: [new iam.PolicyStatement({ actions: ['*'], resources: ['*'] })],
    });
    const model = new sagemaker.CfnModel(this, 'Model', {
      executionRoleArn: execution.roleArn,
      primaryContainer: { image: IMAGE, modelDataUrl: 's3://models-of-this-test/model.tar.gz', environment: { LOG_LEVEL: 'info' } },
      enableNetworkIsolation: true,
    });
    const config = new sagemaker.CfnEndpointConfig(this, 'Config', {
      productionVariants: [{ ...common, modelName: model.attrModelName, variantName: 'all', initialVariantWeight: 1 }],
      dataCaptureConfig: {
        enableCapture: true, initialSamplingPercentage: 10, destinationS3Uri: 's3://captured-of-this-test/x',
        captureOptions: [{ captureMode: 'Input' }],
      },
    });
    config.kmsKeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    new sagemaker.CfnEndpoint(this, 'Endpoint', { endpointConfigName: config.attrEndpointConfigName });
    new sagemaker.CfnNotebookInstance(this, 'Notebook', {
      instanceType: 'ml.t3.medium', roleArn: execution.roleArn, directInternetAccess: 'Disabled', rootAccess: 'Disabled',
    });
    new bedrock.CfnGuardrail(this, 'Guardrail', {
      name: 'g', blockedInputMessaging: 'no', blockedOutputsMessaging: 'no',
      contentPolicyConfig: { filtersConfig: [{ type: 'HATE', inputStrength: 'HIGH', outputStrength: 'LOW' }] },
    });
    new aoss.CfnSecurityPolicy(this, 'Network', {
      name: 'open', type: 'network',
      policy: JSON.stringify([{ Rules: [{ ResourceType: 'collection', Resource: ['collection/vectors'] }], AllowFromPublic: true }]),
    });
    new aoss.CfnCollection(this, 'Vectors', { name: 'vectors', type: 'VECTORSEARCH' });
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 1, natGateways: 0 });
    const group = new ec2.SecurityGroup(this, 'Group', { vpc, allowAllOutbound: false });
    group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(8888), 'notebooks');
    group.addIngressRule(ec2.Peer.ipv4('10.0.0.0/8'), ec2.Port.tcpRange(80, 443));
    group.addEgressRule(ec2.Peer.anyIpv6(), ec2.Port.tcp(443));
    new ec2.SecurityGroup(this, 'Closed', { vpc });
    const invoke = new lambda.Function(this, 'Invoke', {
      runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.handler', code: lambda.Code.fromInline('x'),
      environment: { ENDPOINT: 'e', API_KEY: 'placeholder' }, tracing: lambda.Tracing.ACTIVE,
    });
    invoke.addToRolePolicy(new iam.PolicyStatement({ actions: ['sagemaker:InvokeEndpoint'], resources: ['*'] }));
    invoke.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
    const own = new lambda.Function(this, 'Own', {
      runtime: lambda.Runtime.NODEJS_20_X, handler: 'index.handler', code: lambda.Code.fromInline('x'), role: execution,
    });
    new lambda.FunctionUrl(this, 'Url', { function: own, authType: lambda.FunctionUrlAuthType.AWS_IAM });
    const api = new RestApi(this, 'Api', { restApiName: 'predict', cloudWatchRole: false });
    const predict = api.root.addResource('predict');
    predict.addMethod('POST', new LambdaIntegration(invoke));
    predict.addMethod('GET', new LambdaIntegration(invoke), { authorizationType: AuthorizationType.IAM, apiKeyRequired: true });
    new Domain(this, 'Bare', { version: EngineVersion.OPENSEARCH_2_11 });
    new Domain(this, 'Search', {
      version: EngineVersion.OPENSEARCH_2_11, enforceHttps: true, nodeToNodeEncryption: true, encryptionAtRest: { enabled: true },
    });
  }
}
