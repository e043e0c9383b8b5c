"""Network policies by their documented semantics: who reaches whom, on which port."""
