"""The test kit: a tenant, faults, time, stubs and cassettes for projects that use the client.

With pytest nothing needs to be imported: the fixtures are there when the package is installed.
"""
