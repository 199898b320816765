"""One module per ZTF pipeline: its config, its steps in order, its inputs and products."""
