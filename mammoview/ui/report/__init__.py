"""The report of the case on the table: its text, what does not fit in it, its pictures, and where it goes."""
