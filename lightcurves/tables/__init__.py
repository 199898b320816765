"""Light curves as tables: columns with their meaning, TAP tables, ObsCore rows."""
