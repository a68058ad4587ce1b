"""What follows from the observations of all hosts: states of a node, who leads, etcd's quorum. Pure."""
