"""The tables of what was done to the installation itself."""
