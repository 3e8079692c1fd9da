-- What makes a history of version 2 one of version 3: messages.

-- Messages on their way: written with the tickets they tell of, sent after the digests are in their places.
CREATE TABLE deliveries (
  delivery INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, day INTEGER NOT NULL, revision INTEGER NOT NULL,
  body TEXT NOT NULL,          -- empty once it is done with
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'unsure', 'dropped')),
  attempts INTEGER NOT NULL, unanswered INTEGER NOT NULL, error TEXT NOT NULL, made TEXT NOT NULL, tried TEXT, done TEXT
) STRICT;
CREATE INDEX delivery_day ON deliveries (name, day);

CREATE VIEW history_deliveries AS
SELECT name AS delivery, date(day * 86400, 'unixepoch') AS day, revision, state, attempts, unanswered, error, made, tried, done, key FROM deliveries;
