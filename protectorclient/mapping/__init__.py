"""Map networks and flavors of one site to those of the other site."""
