"""Rows of any database, as the documents of one query."""
