"""Longer fuzzing with Atheris (``make fuzz``): the readers of model files, guided by coverage."""
