"""Longer fuzzing with Atheris (``make fuzz``): the readers of files, the parsers of signatures."""
