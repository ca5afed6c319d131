"""The label model of dependent labeling functions: which depend on each other, and the fit that allows for it."""
