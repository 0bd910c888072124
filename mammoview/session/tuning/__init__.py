"""The wizard that adapts a model to a site's own cases, below its window."""
