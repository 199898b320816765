"""Virtual Observatory services: TAP, ADQL, VOTable."""
