"""The phases of the deploy, one file each; every function runs on all hosts and acts on those whose role it is."""
