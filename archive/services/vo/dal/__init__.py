"""Cone search and SIA 2, and what the services of the data access layer share (DALI 1.1)."""
