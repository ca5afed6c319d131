"""The ready packs of labeling functions, one file a task; the loader reads them by file path."""
