/* All works without this: it shows anew what has changed, says a sum while one chooses, and counts down. */
