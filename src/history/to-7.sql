-- What makes a history of version 6 one of version 7: who served, where the settings name that column.

CREATE TABLE served (ticket INTEGER PRIMARY KEY REFERENCES tickets ON DELETE CASCADE, agent INTEGER NOT NULL REFERENCES names) STRICT;
