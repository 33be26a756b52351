"""What `venire init` is made of: presets, files for the machine, checks."""
