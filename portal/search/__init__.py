"""The one search box: what was typed becomes a page (`box`), and is suggested while it is typed (`suggestions`).

No search of a table lives here: pages and services have their own forms.
"""
