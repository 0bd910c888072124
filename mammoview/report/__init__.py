"""Results on disk: the result file and the pictures beside it."""
