"""A sky with truth, a camera, a night: raw frames as the telescope would write them."""
