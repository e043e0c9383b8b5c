"""Files from which tools package models: Truss, Cog, BentoML, MLproject, Ray Serve, DVC."""
