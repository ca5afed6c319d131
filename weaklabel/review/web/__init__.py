"""The review app's web pages: rendered by the server, with a little plain JavaScript, for one machine only."""
