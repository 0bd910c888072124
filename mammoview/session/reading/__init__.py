"""A reader at a case: what is on the table, what may be changed, and who is told."""
