"""What puts an operating system into a guest's memory before bhyve runs it."""
