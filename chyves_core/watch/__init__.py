"""What guests use: counters of the host, rates between two looks, and a table that is renewed."""
