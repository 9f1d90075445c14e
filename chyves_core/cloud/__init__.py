"""Cloud images: guests that are made from one, and the CD by which such a guest knows itself."""
