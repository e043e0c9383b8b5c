"""Files of the Azure Machine Learning CLI (v2), which ``az ml ... create --file`` applies."""
