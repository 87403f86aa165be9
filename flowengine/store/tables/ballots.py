"""The tables of votes: ballots, apart from who has cast them."""
