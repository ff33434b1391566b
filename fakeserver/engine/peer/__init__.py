"""The exchange of metadata between the two services."""
