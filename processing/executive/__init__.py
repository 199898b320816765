"""Jobs: what is due, claiming, running, retrying, monitoring."""
