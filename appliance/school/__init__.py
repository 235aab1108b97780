"""The shared nouns of every school: people, classes, who is responsible for whom, and what that allows."""
