"""Pollution episodes: what the authority decided, imported or entered, never computed from sensors."""
