"""What reaches beyond this installation: calls over HTTP, mail. Nothing here knows of jobs."""
