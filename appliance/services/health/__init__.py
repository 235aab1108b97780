"""Is everything in order? One place of rules (`checks`), their words in two languages (`words`), what was found last
(`keeping`) and who is told (`telling`)."""
