"""The command line ``agavepy``; it needs the extra ``cli``."""
