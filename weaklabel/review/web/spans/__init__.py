"""The pages of a review of spans."""
