#!/bin/sh
# Makes a database of OpenCode's as it is while OpenCode runs: the message is
# in the log beside it. Wants the sqlite3 command.
set -eu
cd "$(dirname "$0")"
rm -f ./*.db ./*.db-wal
sqlite3 working.db <<'SQL'
PRAGMA page_size = 512;
PRAGMA journal_mode = WAL;
CREATE TABLE message (id TEXT, session_id TEXT, time_created INTEGER, data TEXT);
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA wal_autocheckpoint = 0;
INSERT INTO message VALUES ('m2', 's', 1782896405000, '{"role":"assistant","modelID":"m",' ||
  '"time":{"created":1782896405000,"completed":1782896409000},"tokens":{"input":10,"output":5,"reasoning":1,' ||
  '"cache":{"read":90,"write":0}}}');
.shell cp working.db opencode.db
.shell cp working.db-wal opencode.db-wal
SQL
rm -f working.db working.db-wal working.db-shm
