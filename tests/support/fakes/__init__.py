"""A simulated cluster behind pyinfra's @fake connector, for runs of the real command line without a host."""
