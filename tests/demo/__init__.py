"""The demo: a public data set through a stream that is resharded while it is written and read."""
