"""Forms of the portal's pages and of its REST interface."""
