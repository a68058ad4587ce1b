"""The packages of each repository, as tables."""
