"""How a net learns: loop, schedule, losses, checkpoints."""
