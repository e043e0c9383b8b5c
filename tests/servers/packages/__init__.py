"""Files from which tools package models."""
