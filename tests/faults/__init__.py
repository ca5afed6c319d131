"""Hostile input and output: every case is declared once, tested as declared, and listed in docs/faults.md."""
