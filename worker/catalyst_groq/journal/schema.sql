-- Responses of Groq that the engine has not acknowledged; `sealed` is the entry, encrypted where a key is set.
CREATE TABLE IF NOT EXISTS answer (
    task_id TEXT NOT NULL,
    request TEXT NOT NULL,
    kept_at REAL NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (task_id, request)
) WITHOUT ROWID;
-- An index of earlier versions.
DROP INDEX IF EXISTS answer_by_age;

-- The ledger: what was spent by account, in units of 1e-12 USD.
CREATE TABLE IF NOT EXISTS spent (
    account TEXT NOT NULL PRIMARY KEY,
    units INTEGER NOT NULL,
    booked_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spent_by_age ON spent (booked_at);
