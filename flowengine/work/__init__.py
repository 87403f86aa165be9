"""Due work: service calls and timers, taken, run outside any transaction, settled and tried again (L10, L11)."""
