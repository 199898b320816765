"""TAP_SCHEMA: the published tables, their views in PostgreSQL, and how both are kept in step."""
