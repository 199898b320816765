"""Objects, detections, light curves: storing, matching, measuring, periods, viewing."""
