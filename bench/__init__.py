"""Side-by-side measurements: python -m bench NAME [--quick]. Each prints a table and writes bench/results/NAME.json."""
