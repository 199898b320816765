"""Light curves in bulk: queries by id and position, formats, exports of releases, matchfiles, and their jobs."""
