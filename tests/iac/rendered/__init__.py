"""Charts and kustomizations as a scan judges them."""
