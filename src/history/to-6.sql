-- What makes a history of version 5 one of version 6: what checks found, counted, so that a year is read in no time.

-- Of each ticket that checks know the checks that fired; the name 0 is of tickets that have a conversation.
CREATE VIEW found AS
SELECT t.day, t.product, t.kind, t.cause, t.second, t.channel, t.id, t.ticket, 0 AS name FROM tickets t CROSS JOIN talks f ON f.ticket = t.ticket
UNION ALL SELECT t.day, t.product, t.kind, t.cause, t.second, t.channel, t.id, t.ticket, f.name FROM tickets t CROSS JOIN talk_checks f ON f.ticket = t.ticket
UNION ALL SELECT t.day, t.product, t.kind, t.cause, t.second, t.channel, t.id, t.ticket, f.name FROM tickets t CROSS JOIN noted f ON f.ticket = t.ticket;

-- Counted by day, as `counts`; `first` has the numbers of the first 50 tickets. Made anew for each day that changes.
CREATE TABLE check_counts (
  day INTEGER NOT NULL, product INTEGER NOT NULL REFERENCES names, kind INTEGER NOT NULL, cause INTEGER NOT NULL REFERENCES names,
  name INTEGER NOT NULL REFERENCES names, count INTEGER NOT NULL, first TEXT NOT NULL, PRIMARY KEY (day, product, kind, cause, name)
) STRICT, WITHOUT ROWID;

INSERT INTO check_counts
SELECT day, product, kind, cause, name, count(*), group_concat(ticket, ' ' ORDER BY nth) FILTER (WHERE nth <= 50) FROM (
  SELECT f.*, row_number() OVER (PARTITION BY day, product, kind, cause, f.name ORDER BY second, c.text, length(id), id, ticket) AS nth
  FROM found f JOIN names c ON c.name = f.channel)
GROUP BY day, product, kind, cause, name;
