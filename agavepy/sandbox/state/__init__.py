"""The rules of each service, by what they keep: no HTTP here, refusals are ApiErrors."""
