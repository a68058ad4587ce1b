"""A report as a page for a browser: one file that asks nobody for anything. Values in, values out, but for ``file``."""
