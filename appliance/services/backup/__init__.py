"""Copies of everything but the master key: made while the service runs, encrypted, checked, rehearsed, restored.

At the target: `blobs/xx/ID` are the media as they lie here, encrypted already and copied once; `snapshots/INSTANT/`
holds `dump.enc` (all rows), `config.enc` and, written last, `manifest.enc`: without it a snapshot doesn't exist.
`keys.enc` (and its double, `keys-again.enc`) is one for all snapshots and always the latest: the wrapped keys of
academies and classes, and what was erased. So a class key that was destroyed, or a photo that was deleted, is gone from
every older snapshot too, once the next backup is made. It names the snapshot that it was made for, so that an older
one put back in its place is refused. `preau-backup.json` says in clear whose backups these are.
"""
