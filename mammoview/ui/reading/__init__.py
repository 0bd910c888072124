"""Reading a case from the worklist: the desk that all of it goes through, findings and decisions."""
