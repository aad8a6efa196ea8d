"""Anabranch beside every other server of the Kinesis API that a package registry has, driven by one generator."""
