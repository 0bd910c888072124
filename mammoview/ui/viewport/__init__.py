"""Showing one image: pyramid, warp, lookup, overlays."""
