"""The examples of a rule, and mutants of its clauses."""
