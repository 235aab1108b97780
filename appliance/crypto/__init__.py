"""Cryptography of the appliance: bytes in, bytes out; knows no database, no request and no file layout.

FORMAT.md, beside this file, is the specification; the modules implement it and nothing else.
"""
