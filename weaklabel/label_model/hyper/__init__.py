"""The hypernetwork label model: a trained graph network that needs no fit."""
