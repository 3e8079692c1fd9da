-- What makes a history of version 6 one of version 7: who served, where the settings name that column, and which
-- day tells what a run could not read.

CREATE TABLE served (ticket INTEGER PRIMARY KEY REFERENCES tickets ON DELETE CASCADE, agent INTEGER NOT NULL REFERENCES names) STRICT;

-- The day whose page tells of the rows that a run could not read: the last one that it issued.
ALTER TABLE runs ADD COLUMN page INTEGER;
