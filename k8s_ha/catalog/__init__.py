"""Tables with their sources: Kubernetes lines, mirrors, modules of the kernel, names of checks. Values only."""
