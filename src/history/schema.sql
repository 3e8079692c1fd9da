-- The history's tables, version 1. People read the views at the end; the tables are made for writing fast.

-- Words that come again and again: channels, products, causes, files, headers.
CREATE TABLE names (name INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO names VALUES (0, '');

CREATE TABLE settings (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

-- What decided: the same program, taxonomy, models, dictionary and settings decide alike.
CREATE TABLE deciders (
  decider INTEGER PRIMARY KEY, program TEXT NOT NULL, taxonomy TEXT NOT NULL, models TEXT NOT NULL, dictionary TEXT NOT NULL, settings TEXT NOT NULL,
  UNIQUE (program, taxonomy, models, dictionary, settings)
) STRICT;

CREATE TABLE runs (
  run INTEGER PRIMARY KEY, started TEXT NOT NULL, night INTEGER NOT NULL, decider INTEGER NOT NULL REFERENCES deciders,
  inputs TEXT NOT NULL, rows INTEGER NOT NULL, new INTEGER NOT NULL, revised INTEGER NOT NULL, known INTEGER NOT NULL, forgotten INTEGER NOT NULL,
  quarantined INTEGER NOT NULL
) STRICT;

-- Files that have been read whole and have not changed since.
CREATE TABLE inputs (path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, read_as TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs) STRICT, WITHOUT ROWID;

-- Rows that could not be read, each once.
CREATE TABLE quarantined (
  file INTEGER NOT NULL REFERENCES names, line INTEGER NOT NULL, byte_start INTEGER NOT NULL, byte_len INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs, PRIMARY KEY (file, byte_start, byte_len, reason)
) STRICT, WITHOUT ROWID;

-- A ticket as its latest version is; its day and second are those of its earliest.
CREATE TABLE tickets (
  ticket INTEGER PRIMARY KEY,
  identity INTEGER NOT NULL,   -- hash of channel and id
  id TEXT NOT NULL, channel INTEGER NOT NULL REFERENCES names,
  day INTEGER NOT NULL,        -- days since 1970-01-01
  second INTEGER,              -- of that day; NULL where only a day was written
  written INTEGER NOT NULL REFERENCES names, header INTEGER NOT NULL REFERENCES names,  -- product as written, and its column
  product INTEGER NOT NULL REFERENCES names,
  kind INTEGER NOT NULL,       -- 0 complaint, 1 inquiry, 2 suggestion, 3 praise, 4 other, 5 undecided
  cause INTEGER NOT NULL REFERENCES names, pack INTEGER NOT NULL REFERENCES names,  -- the cause's name, and whose it is of several of that name
  confidence REAL NOT NULL, decided_by INTEGER NOT NULL,  -- 1: a model decided the kind, 2: the cause, 4: the product
  kind_cell INTEGER, cause_cell INTEGER,                  -- what models think, for corrected counts
  customer INTEGER, wording INTEGER NOT NULL,             -- hashes
  text TEXT,                   -- masked; NULL where texts are not kept
  content INTEGER NOT NULL,    -- hash of product and text
  file INTEGER NOT NULL REFERENCES names, line INTEGER NOT NULL, byte_start INTEGER NOT NULL, byte_len INTEGER NOT NULL,
  run INTEGER NOT NULL REFERENCES runs, decider INTEGER NOT NULL REFERENCES deciders
) STRICT;
CREATE UNIQUE INDEX ticket_identity ON tickets (identity);
CREATE INDEX ticket_day ON tickets (day);

-- Every version of tickets that have several, or were seen with several times: each with the latest time it was seen with.
CREATE TABLE versions (
  ticket INTEGER NOT NULL REFERENCES tickets ON DELETE CASCADE, content INTEGER NOT NULL, day INTEGER NOT NULL, second INTEGER, length INTEGER NOT NULL,
  written INTEGER NOT NULL REFERENCES names, text TEXT, run INTEGER NOT NULL REFERENCES runs, PRIMARY KEY (ticket, content)
) STRICT, WITHOUT ROWID;

-- Tickets that were forgotten on request: they do not come back.
CREATE TABLE forgotten (identity INTEGER PRIMARY KEY) STRICT;

-- Tickets counted, so that a year is read in no time; made anew for each day that changes.
CREATE TABLE counts (
  day INTEGER NOT NULL, product INTEGER NOT NULL REFERENCES names, channel INTEGER NOT NULL REFERENCES names, kind INTEGER NOT NULL,
  cause INTEGER NOT NULL REFERENCES names, count INTEGER NOT NULL, ids TEXT NOT NULL, PRIMARY KEY (day, product, channel, kind, cause)
) STRICT, WITHOUT ROWID;

-- Days that have tickets: how often their digest was issued, what changed the last time, and whether it is in its place.
CREATE TABLE days (day INTEGER PRIMARY KEY, tickets INTEGER NOT NULL, revision INTEGER NOT NULL, changed TEXT NOT NULL, published INTEGER NOT NULL) STRICT;

-- Alerts: one for each problem, and the days on which it was there.
CREATE TABLE alerts (
  alert INTEGER PRIMARY KEY, product INTEGER NOT NULL REFERENCES names, kind INTEGER NOT NULL, cause INTEGER NOT NULL REFERENCES names, unknown INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_series ON alerts (product, kind, cause);
CREATE TABLE alert_days (
  alert INTEGER NOT NULL REFERENCES alerts, day INTEGER NOT NULL, observed INTEGER NOT NULL, expected REAL NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
  PRIMARY KEY (alert, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_day ON alert_days (day);

-- Tickets decided anew, and what those that changed were before.
CREATE TABLE restatements (restatement INTEGER PRIMARY KEY, at TEXT NOT NULL, decider INTEGER NOT NULL REFERENCES deciders) STRICT;
CREATE TABLE restated (
  restatement INTEGER NOT NULL REFERENCES restatements, ticket INTEGER NOT NULL REFERENCES tickets ON DELETE CASCADE, product INTEGER NOT NULL, kind INTEGER NOT NULL,
  cause INTEGER NOT NULL, decider INTEGER NOT NULL, PRIMARY KEY (restatement, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX restated_ticket ON restated (ticket);

-- Shipped fixes, and what was expected of them, stated before looking.
CREATE TABLE fixes (
  fix INTEGER PRIMARY KEY, product TEXT NOT NULL, cause TEXT NOT NULL, shipped INTEGER NOT NULL, expected REAL NOT NULL, note TEXT NOT NULL, stated INTEGER NOT NULL
) STRICT;

CREATE VIEW history_alerts AS
SELECT a.alert, date(d.day * 86400, 'unixepoch') AS day, p.text AS product,
  CASE a.kind WHEN 0 THEN 'complaint' WHEN 1 THEN 'inquiry' WHEN 2 THEN 'suggestion' WHEN 3 THEN 'praise' WHEN 4 THEN 'other' ELSE 'undecided' END AS kind,
  c.text AS cause, d.observed, d.expected, d.low, d.high
FROM alert_days d JOIN alerts a USING (alert) JOIN names p ON p.name = a.product JOIN names c ON c.name = a.cause;

CREATE VIEW history_tickets AS
SELECT t.id, c.text AS channel, date(t.day * 86400, 'unixepoch') AS day, CASE WHEN t.second IS NULL THEN NULL ELSE time(t.second, 'unixepoch') END AS time,
  p.text AS product, CASE t.kind WHEN 0 THEN 'complaint' WHEN 1 THEN 'inquiry' WHEN 2 THEN 'suggestion' WHEN 3 THEN 'praise' WHEN 4 THEN 'other' ELSE 'undecided' END AS kind,
  a.text AS cause, t.confidence, CASE WHEN t.decided_by = 0 THEN 'rules' ELSE 'model' END AS decided_by, t.text, f.text AS file, t.line,
  (SELECT max(1, count(*)) FROM versions v WHERE v.ticket = t.ticket) AS versions
FROM tickets t JOIN names c ON c.name = t.channel JOIN names p ON p.name = t.product JOIN names a ON a.name = t.cause JOIN names f ON f.name = t.file;

CREATE VIEW history_counts AS
SELECT date(n.day * 86400, 'unixepoch') AS day, p.text AS product, c.text AS channel,
  CASE n.kind WHEN 0 THEN 'complaint' WHEN 1 THEN 'inquiry' WHEN 2 THEN 'suggestion' WHEN 3 THEN 'praise' WHEN 4 THEN 'other' ELSE 'undecided' END AS kind, a.text AS cause, n.count
FROM counts n JOIN names p ON p.name = n.product JOIN names c ON c.name = n.channel JOIN names a ON a.name = n.cause;

CREATE VIEW history_runs AS
SELECT r.run, r.started, date(r.night * 86400, 'unixepoch') AS night, r.rows, r.new, r.revised, r.known, r.forgotten, r.quarantined, r.inputs,
  d.program, d.taxonomy, d.models, d.dictionary, d.settings
FROM runs r JOIN deciders d USING (decider);
