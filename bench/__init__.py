"""Measurements: speed and accuracy, printed, never asserted."""
