-- The history as it was decided before a moment (`temp.moment`): these hide the file's tables of the same names.

CREATE TEMP VIEW restatements AS SELECT * FROM main.restatements WHERE at < (SELECT at FROM temp.moment);

-- What tickets were before the first later restatement that changed them: of a lone min() SQLite gives the columns of its row.
CREATE TEMP TABLE decided AS
SELECT ticket, product, kind, cause, min(restatement) FROM main.restated
WHERE restatement IN (SELECT restatement FROM main.restatements WHERE at >= (SELECT at FROM temp.moment)) GROUP BY ticket;
CREATE UNIQUE INDEX temp.decided_ticket ON decided (ticket);

CREATE TEMP VIEW tickets AS
SELECT t.ticket, t.id, t.channel, t.day, t.second, t.customer, t.wording, t.text, t.file, t.line, t.written, t.header,
  iif(d.ticket IS NULL, t.confidence, 0) AS confidence, iif(d.ticket IS NULL, t.decided_by, 0) AS decided_by,
  coalesce(d.product, t.product) AS product, coalesce(d.kind, t.kind) AS kind, coalesce(d.cause, t.cause) AS cause,
  iif(d.ticket IS NULL, t.pack, 0) AS pack, iif(d.ticket IS NULL, t.kind_cell, NULL) AS kind_cell, iif(d.ticket IS NULL, t.cause_cell, NULL) AS cause_cell
FROM main.tickets t LEFT JOIN temp.decided d USING (ticket);

CREATE TEMP TABLE redone AS SELECT DISTINCT day FROM main.tickets WHERE ticket IN (SELECT ticket FROM temp.decided);

CREATE TEMP TABLE recounted AS
SELECT day, product, channel, kind, cause, count(*) AS count, group_concat(id, char(10) ORDER BY nth) FILTER (WHERE nth <= 10) AS ids FROM (
  SELECT day, product, channel, kind, cause, replace(replace(id, char(10), ' '), char(13), ' ') AS id,
    row_number() OVER (PARTITION BY day, product, channel, kind, cause ORDER BY second, length(id), id) AS nth
  FROM temp.tickets WHERE day IN (SELECT day FROM temp.redone))
GROUP BY day, product, channel, kind, cause;

CREATE TEMP VIEW counts AS
SELECT day, product, channel, kind, cause, count, ids FROM main.counts WHERE day NOT IN (SELECT day FROM temp.redone)
UNION ALL SELECT day, product, channel, kind, cause, count, ids FROM temp.recounted;

CREATE TEMP VIEW found AS SELECT t.day, t.product, t.kind, t.cause, t.second, t.channel, t.id, t.ticket, f.name FROM temp.tickets t JOIN (
  SELECT ticket, 0 AS name FROM main.talks UNION ALL SELECT ticket, name FROM main.talk_checks UNION ALL SELECT ticket, name FROM main.noted) f ON f.ticket = t.ticket;

CREATE TEMP TABLE checks_recounted AS
SELECT day, product, kind, cause, name, count(*) AS count, group_concat(ticket, ' ' ORDER BY nth) FILTER (WHERE nth <= 50) AS first FROM (
  SELECT day, product, kind, cause, name, ticket, row_number() OVER (PARTITION BY day, product, kind, cause, name ORDER BY second, length(id), id, ticket) AS nth
  FROM temp.found WHERE day IN (SELECT day FROM temp.redone))
GROUP BY day, product, kind, cause, name;

CREATE TEMP VIEW check_counts AS
SELECT day, product, kind, cause, name, count, first FROM main.check_counts WHERE day NOT IN (SELECT day FROM temp.redone)
UNION ALL SELECT day, product, kind, cause, name, count, first FROM temp.checks_recounted;

-- What changed by restating has not happened.
CREATE TEMP VIEW days AS SELECT day, tickets, iif(day IN (SELECT day FROM temp.redone), 0, revision) AS revision, iif(day IN (SELECT day FROM temp.redone), '[]', changed) AS changed, published FROM main.days;
