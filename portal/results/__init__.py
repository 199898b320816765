"""Answers that pages and REST share: results of jobs, streamed cutouts, rows around positions.

    jobs       a job of the asker's
    forced     a finished light curve of forced photometry, in every format
    targets    cutouts around many targets as a tar, movies of one
    positions  products around every position of a list
    alerts     what an alert's page shows; alert_facts its fields, cards and links; alert_stamps its pictures

Pages (portal.views) and REST (portal.api) call it; it knows neither.
"""
