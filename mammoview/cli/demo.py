"""``mammoview demo``: the synthetic study in the window, or headless where there is no screen."""

from __future__ import annotations

import typer

from mammoview.cli.analyze import Options, analyze_paths
from mammoview.cli.console import progress_bar
from mammoview.cli.display import has_display
from mammoview.core.paths import user_data


def demo() -> None:
    """Open the embedded synthetic study; without a display, analyse it and say where the report lies."""
    from mammoview.session.demo import ensure_demo_study

    # Drawn once for each user, which takes a while: a bar says so.
    with progress_bar() as progress:
        study = ensure_demo_study(progress)
    if has_display():
        from mammoview.session.start import begin

        session = begin((study,))
        from mammoview.ui.app import run

        raise typer.Exit(run((study,), session=session))
    typer.echo("There is no display here: the synthetic demo study is analysed without a window.")
    out = user_data() / "demo-report"
    with progress_bar() as progress:
        outcome = analyze_paths((study,), Options(out=out, overwrite=True), progress)
    typer.echo(f"The report lies in {outcome.result}")
    raise typer.Exit(outcome.exit_code)
