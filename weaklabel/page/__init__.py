"""What HTML pages are made of: charts, cards, escaping."""
