"""The architectures, one family a file."""
