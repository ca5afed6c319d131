"""Language models: asking them within a budget, and running small ones."""
