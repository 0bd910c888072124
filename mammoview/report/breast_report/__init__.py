"""The report of one exam: draft, checks, signature, amendment, and how it is printed."""
