"""What f tilts: Gaussians, and the coloured reference."""
