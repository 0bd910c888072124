"""The gate before the seal: the same for the window, the terminal and scripts."""

from __future__ import annotations

from mammoview.core.errors import MammoViewError
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.project import AUDIT, Page, Project, ProjectFolder
from mammoview.training.tuning.audit_messages import Severity, read_report


def require_audited(folder: ProjectFolder, project: Project) -> None:
    """Refuse to seal a test set of cases that were not audited, or that have something to be put right first.

    Parameters
    ----------
    folder, project
        The project, with the stamps of its finished pages.

    Raises
    ------
    TuningError
        When the page “Audit” is not through.
    """
    if folder.is_finished(Page.AUDIT, project):
        return
    try:
        remarks = read_report(folder.file(AUDIT)).remarks
    except MammoViewError:
        remarks = ()
    stops = [remark.text for remark in remarks if remark.severity is Severity.STOP]
    if not stops:
        raise TuningError(
            f"The cases of “{folder.name}” were not audited as they are now.", "Go through the page “Audit” first."
        )
    many = f"; {len(stops)} remarks of the audit stop it" if len(stops) > 1 else ""
    raise TuningError(
        f"The test set of “{folder.name}” cannot be sealed{many}: {stops[0]}",
        "Add cases or correct the table, read the cases again, and audit them again.",
    )
