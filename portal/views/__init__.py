"""The pages: each view parses, calls the archive, answers.

    home
                the front page, and the page for what was typed
    products    searches, images, pictures, quality, lists
    queries     ADQL
    alerts, moving, releases, nights
                the other things that are shown
    forced, forced_cgi
                forced photometry, as pages and at IRSA's addresses
    account, jobs
                one's own account and jobs

What an answer holds is decided in the archive, lightcurves and processing.
"""
