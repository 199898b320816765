"""IRSA-compatible adapters of the light-curve services."""
