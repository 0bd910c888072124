"""A report as one HTML page that needs no other file."""

from __future__ import annotations

from base64 import b64encode

from mammoview.core.paths import resource
from mammoview.report.breast_report.printed import Printed


def report_page(shown: Printed) -> str:
    """Lay a report out as HTML.

    Parameters
    ----------
    shown
        From `mammoview.report.breast_report.printed.printed`.

    Returns
    -------
    str
        A document; its pictures are inside, it loads and runs nothing.
    """
    from jinja2 import Environment, StrictUndefined

    template = resource("report/breast-report.html").read_text(encoding="utf-8")
    pictures = [
        (f"data:image/png;base64,{b64encode(one.png).decode('ascii')}", one.caption, one.width_px, one.height_px)
        for one in shown.pictures
    ]
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(template).render(report=shown, pictures=pictures)
