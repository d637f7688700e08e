"""Adapters for data engines, one per module. `dechaff` itself imports none of them."""
