"""From data and a config to a package."""
