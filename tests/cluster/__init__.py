"""A real Kubernetes of several nodes on one machine, for tests and developers: `python3 -m cluster up`. See README.md.

Standard library only, so that it runs before anything is installed.
"""
