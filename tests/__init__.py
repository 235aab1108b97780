"""The tests of Préau; a folder for each package of the code, and one for each property of the whole."""
