"""From raw frames to products: the science, the pipelines, the executive that runs them, the simulator."""
