"""Finding objects and fetching light curves in bulk: the questions (forms), the verb (search), the pages.

REST asks through the same forms (portal.api.lightcurves).
"""
