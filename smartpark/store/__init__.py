"""Tables and queries, one module per feature: the only SQL."""
