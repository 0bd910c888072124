"""The words that every other layer speaks: studies, findings, geometry, progress, errors, paths."""
