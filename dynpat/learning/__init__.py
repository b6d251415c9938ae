"""Analysis by synthesis: the chains, the update of the weights, and the loop around it."""
