"""Conditional pledges: who is bound, asked once, and what it changed. `held` needs no Django settings."""

from dashboards.pledges.fixed_point import held, missing

__all__ = ["held", "missing"]
