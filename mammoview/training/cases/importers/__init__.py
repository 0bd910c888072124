"""Collections of mammograms as their providers distribute them, read into cases."""

from mammoview.training.cases.importers.registry import IMPORTERS, Importer, OpenedData, import_all, open_data

__all__ = ["IMPORTERS", "Importer", "OpenedData", "import_all", "open_data"]
