"""Conditions of role assignments: their language, its operators, and requests that meet them."""
