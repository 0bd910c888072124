"""How good a net is: metrics, comparisons, saliency tests, plots."""
