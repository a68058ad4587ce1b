"""What is on a host: each fact one round trip, one shell script that a minimal EL host can run."""
