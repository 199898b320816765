"""Forced photometry as user jobs: what was asked, which images, the measurements, the table, the message at the end.

The numbers are made in processing.science.forced.photometry; pages and IRSA's addresses stand in portal.
"""
