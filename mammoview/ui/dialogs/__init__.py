"""Settings and help."""
