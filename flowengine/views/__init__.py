"""What may be told to whom, and in which words (L9): pure rules on processes, positions and histories."""
