"""A tailor's shop orders cloth from a mill: two organisations, each with an installation of its own."""
