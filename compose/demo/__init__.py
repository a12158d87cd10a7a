"""`./dmp demo`: the promises of the platform, each made to happen and timed."""
