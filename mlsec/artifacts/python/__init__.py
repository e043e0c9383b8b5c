"""Python files beside a model, judged by their syntax tree; never run."""
