"""The sentences that the package can say, read out of its sources."""
