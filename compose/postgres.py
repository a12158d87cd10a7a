"""The database: PostgreSQL 15 with role and database `dmp`, passwords by scram, loopback only."""

import shutil
import signal

from compose.part import Part
from compose.report import Failure

PROGRAMS = "/usr/lib/postgresql/15/bin"
ROLE = DATABASE = "dmp"
OWNER = "postgres"  # the superuser inside the database, whoever the system user is

CONFIG = """\
# Written by ./dmp up; changes here are overwritten.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 60
shared_buffers = '512MB'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = '1s'
idle_in_transaction_session_timeout = '60s'
"""

ROLE_SQL = """\
SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS
  (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec
ALTER ROLE {role} PASSWORD '{password}';
SELECT 'CREATE DATABASE {database} OWNER {role}' WHERE NOT EXISTS
  (SELECT FROM pg_database WHERE datname = '{database}') \\gexec
"""


class Postgres(Part):
    """Ready means: it accepts connections. Role and database are made once it does."""

    name = "postgres"
    port_names = ("postgres",)
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint
    stops_within_s = 20.0

    def __init__(self, state, ports):
        super().__init__(state, ports)
        self._data = state.data / "postgres"
        self._config = state.etc / "postgresql.conf"
        self._passwords = state.secrets / "pgpass"

    def prepare(self):
        self.state.write(self._config, CONFIG.format(port=self.port))
        lines = [
            f"127.0.0.1:{self.port}:*:{user}:{self.state.secret(f'{user}.password')}\n"
            for user in (OWNER, ROLE)
        ]
        self.state.write(self._passwords, "".join(lines))
        if not self._data.exists():
            self._initialise()

    def _initialise(self):
        """Makes the cluster beside its place, then moves it: a killed try leaves none."""
        fresh = self.state.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        made = self.state.account.run([
            f"{PROGRAMS}/initdb", "-D", fresh, "-U", OWNER, "--encoding=UTF8",
            "--locale=C.UTF-8", "--lc-collate=C",
            "--pwfile", self.state.secrets / f"{OWNER}.password",
            "--auth-local=scram-sha-256", "--auth-host=scram-sha-256",
        ])  # fmt: skip
        if made.returncode:
            raise Failure(f"initdb failed: {made.stderr.strip()}")
        fresh.rename(self._data)

    def command(self):
        return [f"{PROGRAMS}/postgres", "-D", self._data, "-c", f"config_file={self._config}"]

    def inputs(self):
        return [self._config]

    def why_not_ready(self):
        asked = self.state.account.run(
            [f"{PROGRAMS}/pg_isready", "-h", "127.0.0.1", "-p", self.port]
        )
        return "" if asked.returncode == 0 else asked.stdout.strip()

    def after_start(self):
        self.sql(
            ROLE_SQL.format(
                role=ROLE, database=DATABASE, password=self.state.secret(f"{ROLE}.password")
            )
        )

    def sql(self, text):
        """Runs a script as the superuser."""
        self._psql(OWNER, "postgres", text)

    def ask(self, text):
        """The answer to a query in our database: a line a row, columns by `|`."""
        return self._psql(ROLE, DATABASE, text).strip()

    def _psql(self, user, database, text):
        """By standard input, so that no password is in `ps`."""
        where = ["-h", "127.0.0.1", "-p", self.port, "-U", user, "-d", database]
        done = self.state.account.run(
            ["/usr/bin/psql", "-X", "-q", "-w", "-At", "-v", "ON_ERROR_STOP=1", *where],
            environment={"PGPASSFILE": str(self._passwords)},
            stdin=text,
        )
        if done.returncode:
            raise Failure(f"PostgreSQL refused: {done.stderr.strip()}", log=self.log)
        return done.stdout

    def connection(self):
        """libpq connection string without the password."""
        where = f"host=127.0.0.1 port={self.port}"
        return f"{where} user={ROLE} dbname={DATABASE} passfile={self._passwords}"

    def uri(self):
        """With the password, for people's own tools."""
        password = self.state.secret(f"{ROLE}.password")
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self.port}/{DATABASE}"
