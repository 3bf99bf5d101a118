-- The tables of a coordinator's state.db in schema version 1. What was written stays as it is: not that of coordinator/store.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE events (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE snapshots (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE submissions (
  owner TEXT NOT NULL, request_id TEXT NOT NULL, content_hash TEXT NOT NULL, job_id TEXT NOT NULL,
  at_unix_seconds INTEGER NOT NULL, PRIMARY KEY (owner, request_id)) STRICT, WITHOUT ROWID;
CREATE TABLE step_metrics (
  job_id TEXT NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (job_id, step, attempt)) STRICT, WITHOUT ROWID;
CREATE TABLE metric_series (
  job_id TEXT PRIMARY KEY, points INTEGER NOT NULL, stride INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('schema_version', '1'), ('cluster_id', 'c-old'), ('term', '1');
