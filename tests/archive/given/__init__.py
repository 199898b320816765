"""What people give, and what it means: positions, times, tables; the same in every service."""
