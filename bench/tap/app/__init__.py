"""An application that opens the measurement's tables to queries."""
