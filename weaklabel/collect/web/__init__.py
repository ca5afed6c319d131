"""Pages of the web, from a list of addresses: fetched politely, kept on disk, and read from there."""
