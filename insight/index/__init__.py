"""The index of a place: indicators on fixed goalposts, weights, composites, and how much of a rank is chance."""
