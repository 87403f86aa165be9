"""Looking without changing: inbox, tracking, history, what is stuck, and whether histories agree with themselves."""
