"""Light curves in bulk: queries by id and position, formats, HATS and matchfile exports, and their jobs."""
