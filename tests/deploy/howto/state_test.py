"""deploy/backup/coordinator-state on databases of our own: what it keeps, and what it refuses. Usage: state_test.py"""

import contextlib
import fcntl
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import unittest

import howto

PROGRAM = howto.REPOSITORY / "deploy" / "backup" / "coordinator-state"


class State(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data = self.folder / "data"
        self.data.mkdir()
        self.live = sqlite3.connect(self.data / "state.db")
        self.addCleanup(self.live.close)
        self.live.executescript(
            """PRAGMA journal_mode = WAL;
            CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
            CREATE TABLE events (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
            INSERT INTO meta VALUES ('cluster_id', 'c-1'), ('term', '7'), ('schema_version', '2');
            INSERT INTO events VALUES (1, x'aa'), (2, x'bb');"""
        )

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True)

    def says(self, words, *arguments):
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(words, done.stdout)

    def refuses(self, words, *arguments):
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(words, done.stderr)

    def test_saves_what_is_only_in_the_write_ahead_log(self):
        self.says("cluster c-1, term 7, revision 2", "save", "data", "copy.db")
        self.assertFalse((self.folder / "copy.db-wal").exists())
        self.assertEqual((self.folder / "copy.db").stat().st_mode & 0o777, 0o600)

    def test_restores_with_a_term_that_no_agent_has_seen(self):
        self.says("saved", "save", "data", "copy.db")
        before = int(time.time())
        self.says("revision 2", "restore", "copy.db", "new")
        self.says("term 7,", "show", "copy.db")
        with contextlib.closing(sqlite3.connect(self.folder / "new" / "state.db")) as database:
            meta = dict(database.execute("SELECT key, value FROM meta"))
            self.assertGreaterEqual(int(meta["term"]), before)
            self.assertTrue(meta["restored"].startswith("restored at 20"))
            self.assertEqual(len(database.execute("SELECT * FROM events").fetchall()), 2)

    def test_raises_a_term_that_is_beyond_the_clock(self):
        self.live.executescript("UPDATE meta SET value = '99000000000' WHERE key = 'term'")
        self.says("saved", "save", "data", "copy.db")
        self.says("term 99000001000,", "restore", "copy.db", "new")

    def test_keeps_the_snapshots_whose_events_it_has(self):
        snapshots = self.data / "snapshots"
        snapshots.mkdir()
        for name in ("1.snapshot", "2.snapshot", "3.snapshot", "2.snapshot.partial"):
            (snapshots / name).write_text(name, encoding="utf-8")
        self.says("saved", "save", "data", "copy.db")
        self.says("restored", "restore", "copy.db", "new")
        restored = self.folder / "new" / "snapshots"
        self.assertEqual({path.name: path.read_text("utf-8") for path in restored.iterdir()},
                         {"1.snapshot": "1.snapshot", "2.snapshot": "2.snapshot"})
        with contextlib.closing(sqlite3.connect(self.folder / "new" / "state.db")) as database:
            self.assertEqual(database.execute("SELECT * FROM sqlite_master WHERE name = 'saved_snapshots'").fetchall(), [])

    def test_puts_nothing_over_a_database_or_under_a_running_coordinator(self):
        self.says("saved", "save", "data", "copy.db")
        self.refuses("move it away", "restore", "copy.db", "data")
        (self.folder / "busy").mkdir()
        with open(self.folder / "busy" / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refuses("stop it first", "restore", "copy.db", "busy")

    def test_refuses_what_is_no_healthy_database(self):
        self.says("saved", "save", "data", "copy.db")
        whole = (self.folder / "copy.db").read_bytes()
        (self.folder / "cut.db").write_bytes(whole[: len(whole) // 2])
        (self.folder / "text.db").write_text("hello " * 1000, encoding="utf-8")
        sqlite3.connect(self.folder / "other.db").executescript("CREATE TABLE t (x);").close()
        for name in ("cut.db", "text.db", "other.db", "missing.db"):
            self.refuses("coordinator-state: ", "restore", name, name + ".d")
            self.assertFalse((self.folder / (name + ".d") / "state.db").exists(), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
