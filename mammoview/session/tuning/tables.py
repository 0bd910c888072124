"""A site's table as the page “Cases” previews it, before any image is looked for."""

from __future__ import annotations

from pathlib import Path

from mammoview.training.cases.site_tables import open_table
from mammoview.training.tuning.case_tables import TablePreview, chosen_columns, preview_table
from mammoview.training.tuning.messages import CaseSource


def preview(source: CaseSource) -> TablePreview:
    """How the table of a source would be understood. Reads the file, so never on the GUI thread.

    Raises
    ------
    InputError
        When it cannot be read, or a chosen column does not exist.
    """
    return preview_table(open_table(Path(source.path), source.sheet), chosen_columns(source.columns))
