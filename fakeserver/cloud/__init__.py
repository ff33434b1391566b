"""The emulated Keystone, Nova, Neutron and Cinder of one site."""
