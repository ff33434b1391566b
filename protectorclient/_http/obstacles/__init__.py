"""What stops a request before the service: certificates and proxies."""
