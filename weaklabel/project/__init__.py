"""A project file and its run: the pipeline, the run folder, gold, and the demo."""
