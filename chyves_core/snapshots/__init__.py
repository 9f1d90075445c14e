"""Snapshots of guests: taking, listing, deleting, going back to one, and thinning them out."""
