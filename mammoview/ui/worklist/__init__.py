"""The list of studies: who reads, what there is to read, and what is brought in."""
