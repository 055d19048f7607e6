"""The simulated county: one weather, and what rain, sun and people make of it, day by day. Pure: no clock, no I/O."""
