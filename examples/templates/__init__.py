"""Pretend services for the processes that ``flow new --template`` offers."""
