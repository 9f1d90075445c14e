"""The lab's bhyve(8), bhyvectl(8) and bhyveload(8), and the guests that run in them."""
