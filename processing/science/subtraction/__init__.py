"""Image subtraction (ZOGY), candidates, their features and real-bogus scores. Pure."""
