"""The Swagger 2.0 documents of the services, one each: data, read by ``agavepy.loader``."""
