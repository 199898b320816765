"""The Bokeh document, the JSON API and the pages of light curves."""
