-- What makes a history one whose ties of versions are decided by the run that brought them.

-- Characters of the text, also where it is not kept; NULL of tickets that were written before.
ALTER TABLE tickets ADD COLUMN length INTEGER;

-- Whose turn it is of versions of one time: the highest one's. A thousand times the last run that saw the version, and 999 where that was the first
-- to see it, else its place among those known before; `turn_before` is what it was before that run.
ALTER TABLE versions ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN turn_before INTEGER NOT NULL DEFAULT 0;
-- Who wrote it: the ticket is of the customer of its latest version that has one.
ALTER TABLE versions ADD COLUMN customer INTEGER;
UPDATE versions SET customer = (SELECT customer FROM tickets t WHERE t.ticket = versions.ticket AND t.content = versions.content);
UPDATE versions SET turn = run * 1000 + 999, turn_before = run * 1000 + 999;
