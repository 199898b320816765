"""Alert packets (Avro)."""
