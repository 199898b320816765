"""Meanings of what people give: positions, times, tables; the same in every service."""
