"""What several features need, without HTTP: the journal, media, mail, rosters."""
