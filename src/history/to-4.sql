-- What makes a history of version 3 one of version 4: what checks found.

-- Tickets that have a conversation, and how long the agent's part of it is: of a conversation that comes again the longest counts.
CREATE TABLE talks (ticket INTEGER PRIMARY KEY REFERENCES tickets ON DELETE CASCADE, length INTEGER NOT NULL, heard INTEGER NOT NULL) STRICT;

-- Checks that fired in them, by their ids, each with its sentence as it may be kept: masked, or none.
CREATE TABLE talk_checks (
  ticket INTEGER NOT NULL REFERENCES tickets ON DELETE CASCADE, name INTEGER NOT NULL REFERENCES names, sentence TEXT, PRIMARY KEY (ticket, name)
) STRICT, WITHOUT ROWID;

-- Checks of the customer's words that fired: the risks among them.
CREATE TABLE noted (
  ticket INTEGER NOT NULL REFERENCES tickets ON DELETE CASCADE, name INTEGER NOT NULL REFERENCES names, sentence TEXT, PRIMARY KEY (ticket, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW history_checks AS
SELECT t.id, date(t.day * 86400, 'unixepoch') AS day, p.text AS product, n.text AS fired, c.sentence
FROM (SELECT ticket, name, sentence FROM talk_checks UNION ALL SELECT ticket, name, sentence FROM noted) c
JOIN tickets t USING (ticket) JOIN names p ON p.name = t.product JOIN names n ON n.name = c.name;
