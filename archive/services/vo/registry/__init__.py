"""The archive as the Virtual Observatory's registry harvests it: VOResource records over OAI-PMH."""
