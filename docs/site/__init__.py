"""The documentation site: pages made of the rules, the vocabulary and the command line."""
