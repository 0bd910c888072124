"""What stands beside the images: findings, overlays, messages."""
