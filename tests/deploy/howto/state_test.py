"""deploy/backup/coordinator-state on databases of our own: what it keeps, and what it refuses. Usage: state_test.py"""

import contextlib
import fcntl
import hashlib
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import unittest

import howto

PROGRAM = howto.REPOSITORY / "deploy" / "backup" / "coordinator-state"
META = """PRAGMA journal_mode = WAL;
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE events (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    INSERT INTO meta VALUES ('cluster_id', 'c-1'), ('term', '7'), ('schema_version', '{version}');"""


def write_snapshot(folder, revision, event, body=b"state"):
    """As the coordinator writes it."""
    digest = hashlib.sha256(event).hexdigest() if event else "-"
    prefix = f"simclr-snapshot 1 {revision} {digest} {len(body)} ".encode()
    folder.mkdir(exist_ok=True)
    (folder / f"{revision}.snapshot").write_bytes(prefix + hashlib.sha256(prefix + body).hexdigest().encode() + b"\n" + body)


class State(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data = self.folder / "data"
        self.live = self.database(self.data, META.format(version=2))
        self.live.executemany("INSERT INTO events VALUES (?, ?)", [(revision, self.event(revision)) for revision in range(4, 9)])
        self.live.commit()
        write_snapshot(self.data / "snapshots", 4, self.event(4))
        write_snapshot(self.data / "snapshots", 6, self.event(6))
        self.metrics = self.database(self.data, "PRAGMA journal_mode = WAL; CREATE TABLE samples (x); INSERT INTO samples VALUES (1);", "metrics.db")

    def database(self, folder, script, name="state.db"):
        folder.mkdir(exist_ok=True)
        database = sqlite3.connect(folder / name)
        self.addCleanup(database.close)
        database.executescript(script)
        return database

    @staticmethod
    def event(revision):
        return f"event {revision}".encode()

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

    def meta(self, folder):
        with contextlib.closing(sqlite3.connect(self.folder / folder / "state.db")) as database:
            return dict(database.execute("SELECT key, value FROM meta"))

    def test_saves_what_is_only_in_the_write_ahead_log_as_one_file(self):
        self.says("cluster c-1, term 7, revision 8", "save", "data", "copy.tar")
        self.assertEqual((self.folder / "copy.tar").stat().st_mode & 0o777, 0o600)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name != "data"], ["copy.tar"])
        self.says("cluster c-1, term 7, revision 8", "show", "copy.tar")

    def test_restores_all_parts_of_a_database_whose_first_events_are_gone(self):
        self.says("saved", "save", "data", "copy.tar")
        self.says("simclr-coordinator adopt --all --data-dir new --artifacts", "restore", "copy.tar", "new")
        names = sorted(str(path.relative_to(self.folder / "new")) for path in (self.folder / "new").rglob("*"))
        self.assertEqual(names, ["lock", "metrics.db", "snapshots", "snapshots/4.snapshot", "snapshots/6.snapshot", "state.db"])
        self.assertEqual((self.folder / "new" / "snapshots" / "6.snapshot").read_bytes(), (self.data / "snapshots" / "6.snapshot").read_bytes())
        with contextlib.closing(sqlite3.connect(self.folder / "new" / "state.db")) as database:
            self.assertEqual(len(database.execute("SELECT * FROM events").fetchall()), 5)
        with contextlib.closing(sqlite3.connect(self.folder / "new" / "metrics.db")) as database:
            self.assertEqual(database.execute("SELECT * FROM samples").fetchall(), [(1,)])

    def test_marks_what_is_restored_with_a_term_that_no_agent_has_seen(self):
        self.says("saved", "save", "data", "copy.tar")
        before = int(time.time())
        self.says("restored to new", "restore", "copy.tar", "new")
        meta = self.meta("new")
        self.assertGreaterEqual(int(meta["term"]), before)
        self.assertRegex(meta["restored"], r"^restored at 2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.says("term 7,", "show", "copy.tar")
        self.live.execute("UPDATE meta SET value = '9000000000' WHERE key = 'term'")
        self.live.commit()
        self.says("saved", "save", "data", "late.tar")
        self.says("term 9000001000", "restore", "late.tar", "late")

    def test_the_same_copy_can_be_restored_twice(self):
        self.says("saved", "save", "data", "copy.tar")
        for name in ("one", "two"):
            self.says("restored", "restore", "copy.tar", name)
        one, two = self.meta("one"), self.meta("two")
        self.assertGreaterEqual(int(two["term"]), int(one["term"]))
        self.assertEqual(one["cluster_id"], two["cluster_id"])

    def test_takes_the_bare_copies_of_earlier_versions(self):
        earlier = self.database(self.folder / "earlier", META.format(version=1))
        earlier.executescript(
            """CREATE TABLE snapshots (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
            INSERT INTO snapshots VALUES (5, x'aa'); INSERT INTO events VALUES (6, x'bb');
            PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;"""
        )
        self.says("revision 6", "show", "earlier/state.db")
        self.says("restored", "restore", "earlier/state.db", "new")
        self.assertIn("restored", self.meta("new"))
        self.assertFalse((self.folder / "new" / "metrics.db").exists())

    def test_puts_nothing_over_a_state_or_under_a_running_coordinator(self):
        self.says("saved", "save", "data", "copy.tar")
        self.refuses("move it away", "restore", "copy.tar", "data")
        (self.folder / "left" / "snapshots").mkdir(parents=True)
        self.refuses("left/snapshots exists; move it away", "restore", "copy.tar", "left")
        (self.folder / "busy").mkdir()
        with open(self.folder / "busy" / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refuses("stop it first", "restore", "copy.tar", "busy")

    def test_refuses_to_save_a_state_whose_events_have_a_gap(self):
        (self.data / "snapshots" / "6.snapshot").write_bytes(b"damaged")
        self.says("revision 8", "save", "data", "copy.tar")
        write_snapshot(self.data / "snapshots", 4, b"of another history")
        self.refuses("events are missing", "save", "data", "gap.tar")
        self.assertFalse((self.folder / "gap.tar").exists())

    def test_refuses_what_is_no_healthy_copy(self):
        self.says("saved", "save", "data", "copy.tar")
        whole = (self.folder / "copy.tar").read_bytes()
        (self.folder / "cut.tar").write_bytes(whole[: len(whole) // 4])
        (self.folder / "text.tar").write_text("hello " * 1000, encoding="utf-8")
        sqlite3.connect(self.folder / "other.db").executescript("CREATE TABLE t (x);").close()
        for name in ("cut.tar", "text.tar", "other.db", "missing.tar"):
            self.refuses("coordinator-state: ", "restore", name, name + ".d")
            self.assertFalse((self.folder / (name + ".d") / "state.db").exists(), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
