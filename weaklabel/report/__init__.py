"""Reports: the same result objects as text, JSON and Markdown."""
