"""Credentials: what a request carries, how tokens are got and kept fresh, where logins are kept."""
