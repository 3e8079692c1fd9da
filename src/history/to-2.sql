-- What makes a history of version 1 one of version 2.

-- Groups of what no cause took, as a day's digest names them.
CREATE TABLE day_groups (
  day INTEGER NOT NULL, product INTEGER NOT NULL REFERENCES names, kind INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, ids TEXT NOT NULL,
  PRIMARY KEY (day, product, kind, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW history_groups AS
SELECT date(g.day * 86400, 'unixepoch') AS day, p.text AS product,
  CASE g.kind WHEN 0 THEN 'complaint' WHEN 1 THEN 'inquiry' WHEN 2 THEN 'suggestion' WHEN 3 THEN 'praise' WHEN 4 THEN 'other' ELSE 'undecided' END AS kind,
  g.name, g.count, g.ids
FROM day_groups g JOIN names p ON p.name = g.product;
