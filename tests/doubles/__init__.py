"""Stand-ins for what a test may not use for real: the paid model."""
