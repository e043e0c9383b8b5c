"""Infrastructure code: Terraform, CloudFormation and ARM, into the types of live collection."""
