"""IRSA-compatible adapters: thin callers of the archive's own verbs."""
