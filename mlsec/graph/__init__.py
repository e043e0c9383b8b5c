"""Typed resources joined by relations, with derived facts."""
