"""The jury: who may sit, the draw, the panel rule, and how jurors are calibrated."""
