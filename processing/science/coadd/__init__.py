"""Resampling and co-adding. Pure."""
