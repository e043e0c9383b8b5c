"""Apps of the AWS CDK, read where nothing that they synthesise lies there; none of them is run."""
