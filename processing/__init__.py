"""From raw frames to products: the science, the pipelines, the executive that runs them, the simulator."""

__version__ = "0.1.0"
