"""What there is to learn from: cases, splits, tiles, images, samples."""
