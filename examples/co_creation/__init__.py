"""An idea made real by customers and makers together, on ``processes/co_creation.yaml``."""
