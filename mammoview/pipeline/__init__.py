"""One exam through all stages: decode, suppress, propose, classify, segment, explain, fuse."""
