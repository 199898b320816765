"""Numbers of light curves: matching, relative photometry, metrics, proper motion. Pure: no Django, no database."""
