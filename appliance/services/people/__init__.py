"""Writes on the shared nouns (schools, classes, accounts, children, guardians), each one journaled.

They live above `school` because the journal does; features and the command line call them, nobody writes these rows
otherwise.
"""
