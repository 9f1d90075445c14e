"""What the old managers do to a host, command by command."""
