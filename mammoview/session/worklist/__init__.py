"""The worklist: which studies there are, who read them, what was decided, and what may be seen of it by whom."""
