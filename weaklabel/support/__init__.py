"""What every room uses: files, folders and locks, the cache, progress, warnings, tables, parameters."""
