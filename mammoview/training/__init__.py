"""From cases to a model package."""
