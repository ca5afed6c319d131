"""Label models that read texts as well as votes."""
