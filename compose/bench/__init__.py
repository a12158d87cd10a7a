"""`./dmp bench`: figures of the whole platform, measured where people would feel them."""
