"""From a guest's properties to bhyve's command line: pure, nothing here acts."""
