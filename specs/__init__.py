"""The Swagger 2.0 documents of the services, one per service: data only, read by ``agavepy.loader``."""
