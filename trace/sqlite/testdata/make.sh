#!/bin/sh
# Makes the databases of this folder with the sqlite3 command (3.40), page by
# page as small as can be. The tests say in Go what they hold.
set -eu
cd "$(dirname "$0")"
rm -f ./*.db ./*.db-wal

sqlite3 rows.db <<'SQL'
PRAGMA page_size = 512;
CREATE TABLE gone (x TEXT);
INSERT INTO gone WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50) SELECT hex(zeroblob(60)) FROM c;
CREATE TABLE "a ""table""" ( -- with a comment, and (parentheses)
  id INTEGER PRIMARY KEY,
  [square]INT /* a width for each */, `number` double precision NOT NULL DEFAULT 0.5,
  word VARCHAR(20) CHECK (word <> 'a,b'), long TEXT, bytes BLOB,
  UNIQUE (id, word)
);
INSERT INTO "a ""table""" WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200)
  SELECT 3 * i, CASE WHEN i % 7 = 0 THEN NULL ELSE (i % 2 * 2 - 1) * (1 << (i % 60)) END, i, 'w' || i || 'é',
    CASE WHEN i % 50 = 0 THEN hex(zeroblob(8 * i)) END, CASE WHEN i % 20 = 0 THEN zeroblob(i) END FROM c;
DELETE FROM "a ""table""" WHERE id % 2 = 0 AND id < 60;
DROP TABLE gone;
ALTER TABLE "a ""table""" ADD COLUMN later INTEGER DEFAULT -7;
INSERT INTO "a ""table""" VALUES (1000, 0, 1, '', NULL, x'00ff', 8);
CREATE INDEX by_word ON "a ""table""" (word);
CREATE VIEW seen AS SELECT 1;
CREATE TABLE keyed (a INTEGER, b TEXT, PRIMARY KEY (a));
INSERT INTO keyed VALUES (-5, 'x'), (1 << 40, 'y');
CREATE TABLE empty (x);
CREATE TABLE other (x TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE computed (x INTEGER, y AS (x + 1));
SQL

for encoding in UTF-16le UTF-16be; do
  sqlite3 "$encoding.db" "PRAGMA page_size = 512; PRAGMA encoding = '$encoding'; CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('aé€𝄞');"
done

# The log holds what is committed, then what was rolled back behind it.
sqlite3 working.db <<'SQL'
PRAGMA page_size = 512;
PRAGMA journal_mode = WAL;
CREATE TABLE t (x INTEGER);
INSERT INTO t VALUES (1), (2);
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA wal_autocheckpoint = 0;
UPDATE t SET x = 20 WHERE x = 2;
INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM c WHERE i < 400) SELECT i FROM c;
.shell cp working.db logged.db
.shell cp working.db-wal logged.db-wal
PRAGMA cache_size = 1;
BEGIN;
INSERT INTO t SELECT -x FROM t;
.shell cp working.db open.db
.shell cp working.db-wal open.db-wal
ROLLBACK;
SQL
rm -f working.db working.db-wal working.db-shm
SQL_BYTES=$(wc -c ./*.db ./*.db-wal | tail -1)
echo "made $SQL_BYTES"
