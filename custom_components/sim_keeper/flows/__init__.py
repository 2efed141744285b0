"""The screens of the config and options flows, one module per topic."""
