"""Everything that starts things: what `./dmp` runs."""
