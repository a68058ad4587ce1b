"""What a person is told of a run, while it works and afterwards."""
