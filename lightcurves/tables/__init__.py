"""What readers get of light curves as tables: columns, TAP tables, ObsCore rows."""
