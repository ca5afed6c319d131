"""Collecting documents from files, archives, databases and the web into one corpus, with the provenance of every row."""
