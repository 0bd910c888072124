"""Names of a graph's input and outputs; export writes them, the engines read them."""

from __future__ import annotations

IMAGES, FEATURES, LOGITS, PROBABILITIES = "images", "features", "logits", "probabilities"
