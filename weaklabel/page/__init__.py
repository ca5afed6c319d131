"""Building blocks of HTML pages: charts, cards, escaping."""
