"""The idempotent primitives that pyinfra lacks: each reads a fact, compares, and returns or yields commands."""
