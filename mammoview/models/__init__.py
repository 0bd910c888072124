"""Networks and their packages: weights are opened here and nowhere else."""
