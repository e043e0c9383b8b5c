"""Constructs of the CDK's library, and the resources that each of them synthesises."""
