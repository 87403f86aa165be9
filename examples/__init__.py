"""Applications on flowengine, each with a README of its own; ``flow demo`` tells some of them."""
