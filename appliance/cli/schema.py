"""For developers: write the SQL of a new schema from the models (`python -m appliance.cli.schema
0001_first_schema`)."""

import sys

from appliance import app
from appliance.storage import migrate


def main(name: str) -> None:
    """Write one .sql file a dialect with all tables; after a release, only new steps are written, by hand."""
    for dialect in ("sqlite", "postgresql"):
        path = migrate.FOLDER / f"{name}.{dialect}.sql"
        path.write_text(migrate.write_schema(app.all_models(), dialect), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(sys.argv[1])
