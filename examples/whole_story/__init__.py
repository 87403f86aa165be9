"""The whole story: two people, those who serve them, and a club, by remote command lines alone."""
