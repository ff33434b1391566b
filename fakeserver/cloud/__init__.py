"""The emulated Keystone, Nova, Neutron, Cinder, Glance of one site."""
