"""A real Home Assistant with sample SIMs and a simulated vendor: `script/develop`."""
