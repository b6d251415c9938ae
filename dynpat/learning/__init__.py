"""Analysis by synthesis: chains, the update, and the loop around it."""
