"""The one place that touches what pyinfra does not promise."""
