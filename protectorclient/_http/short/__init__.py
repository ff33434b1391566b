"""Read from a site over ``http.client``, without what takes long to load."""
