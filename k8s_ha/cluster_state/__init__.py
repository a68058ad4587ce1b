"""What follows from the observations of all hosts: states of a node, the leader, etcd's quorum. Pure."""
