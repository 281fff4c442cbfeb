"""Who is who: people and their roles, tokens, browsers that are logged in, machines that wait to be let in."""
