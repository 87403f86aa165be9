"""A football club run by its members, on ``processes/club_matchday.yaml``: all of them vote."""
