"""The window that adapts a model to a site's own cases: eight pages over `mammoview.session.tuning`."""
