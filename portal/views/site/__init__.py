"""Pages about the site itself: for crawlers, for those who share its pages, for those who build them."""
