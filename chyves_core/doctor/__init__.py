"""The doctor: looks at the host, its pools and its guests, and mends what it can."""
