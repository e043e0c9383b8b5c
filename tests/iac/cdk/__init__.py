"""Apps of the AWS CDK, beside what the CDK itself (aws-cdk-lib 2.276.0) synthesises of them."""
