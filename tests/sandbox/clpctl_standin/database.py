"""The panel's SQLite database, the real file: /home/clp/htdocs/app/data/db.sq3."""

import sqlite3

from .refusal import Refusal

PATH = "/home/clp/htdocs/app/data/db.sq3"
BUSY_SECONDS = 60


def locked():
    """[I] after up to 60 s, when the files exist already."""
    return Refusal("An exception occurred while executing a query: SQLSTATE[HY000]: General error: 5 "
                   "database is locked")


class Panel:
    """The rows that the site commands need."""

    def __init__(self, busy_seconds=BUSY_SECONDS):
        self._connection = sqlite3.connect(PATH, timeout=busy_seconds, isolation_level=None)
        self._connection.execute("pragma synchronous = off")

    def _execute(self, statement, *values):
        try:
            return self._connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise locked() from error
            raise

    def owner(self, domain):
        """The user of the site, or None."""
        row = self._execute("select user from site where domain_name = ?", domain).fetchone()
        return row[0] if row else None

    def has_user(self, user):
        return self._execute("select 1 from site where user = ?", user).fetchone() is not None

    def add(self, domain, user):
        self._execute("insert into site (created_at, updated_at, type, domain_name, root_directory, user, "
                      "vhost_template, application) values (datetime('now'), datetime('now'), 'static', ?, ?, ?, "
                      "'Static', 'Static')", domain, domain, user)

    def remove(self, domain):
        self._execute("delete from site where domain_name = ?", domain)
