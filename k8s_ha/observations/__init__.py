"""What hosts and the cluster tell, as values that facts return. No judgment, no I/O, no pyinfra."""
