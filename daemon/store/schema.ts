import { queryableTables } from './schema-3.ts'

/** `PRAGMA application_id`: tells our files from other people's ("klps"). */
export const applicationId = 0x6b6c7073

/**
 * Migrations, oldest first; `PRAGMA user_version` counts those applied. Never change one that was released.
 * Times are nanoseconds: `time_ns` since the Unix epoch, `mono_ns` on CLOCK_MONOTONIC.
 */
export const migrations: readonly string[] = [
  `
  -- What happened. data: the whole event as JSON (daemon/contract/event.ts); the columns repeat what is searched.
  CREATE TABLE events (
    seq           INTEGER PRIMARY KEY,
    time_ns       INTEGER NOT NULL,
    mono_ns       INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    patch         TEXT,
    transition_id TEXT,
    tid           INTEGER,
    data          TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_time ON events (time_ns);
  CREATE INDEX events_by_transition ON events (transition_id, seq) WHERE transition_id IS NOT NULL;
  CREATE INDEX events_by_tid ON events (tid, seq) WHERE tid IS NOT NULL;

  -- One row per transition, also while it runs. data: daemon/contract/state.ts, Transition.
  CREATE TABLE transitions (
    id          TEXT PRIMARY KEY,
    patch       TEXT NOT NULL,
    direction   TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    start_ns    INTEGER NOT NULL,
    end_ns      INTEGER,
    duration_ms REAL NOT NULL,
    data        TEXT NOT NULL
  ) STRICT;
  CREATE INDEX transitions_by_start ON transitions (start_ns);

  CREATE TABLE findings (
    id        TEXT PRIMARY KEY,
    rule      TEXT NOT NULL,
    severity  TEXT NOT NULL,
    subject   TEXT NOT NULL,
    opened_ns INTEGER NOT NULL,
    closed_ns INTEGER,
    data      TEXT NOT NULL
  ) STRICT;

  -- Charts. A NULL value ends the line: from there on nothing is known.
  CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE points (
    series_id INTEGER NOT NULL REFERENCES series (id),
    time_ns   INTEGER NOT NULL,
    value     REAL,
    PRIMARY KEY (series_id, time_ns)
  ) STRICT, WITHOUT ROWID;

  -- The folded state after event \`seq\`: restart and time travel begin at one and fold the events after it.
  CREATE TABLE checkpoints (seq INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
  `,
  `
  -- Runs of the daemon, and what was not observed.
  CREATE INDEX events_of_runs ON events (kind, seq) WHERE kind IN ('tracer-started', 'tracer-gap');
  `,
  queryableTables,
  `
  -- Events that came faster than they could be sorted into the tables: safe here until they are. One JSON object a line.
  CREATE TABLE unsorted (last_seq INTEGER PRIMARY KEY, events TEXT NOT NULL) STRICT;
  `,
  `
  DROP VIEW functions;
  -- What the kernel holds of each function, where a probe could read it; otherwise its name only. sympos: which of
  -- several functions of one name in one object it is, where that was told; 0: it is the only one.
  CREATE VIEW functions AS
    SELECT p.id AS patch_id, p.name AS patch, json_extract(o.value, '$.name') AS object,
           json_extract(f.value, '$.name') AS function, json_extract(f.value, '$.sympos') AS sympos,
           json_extract(f.value, '$.symbol') AS symbol, json_extract(f.value, '$.nop') AS nop,
           json_extract(f.value, '$.patched') AS patched, json_extract(f.value, '$.oldAddress') AS old_address,
           json_extract(f.value, '$.newAddress') AS new_address
    FROM patches p, json_each(p.inventory, '$.objects') o, json_each(o.value, '$.functions') f
    UNION ALL
    -- As in sysfs: name,sympos.
    SELECT p.id, p.name, json_extract(o.value, '$.name'),
           iif(instr(f.value, ','), substr(f.value, 1, instr(f.value, ',') - 1), f.value),
           iif(instr(f.value, ','), CAST(substr(f.value, instr(f.value, ',') + 1) AS INTEGER), NULL),
           NULL, NULL, NULL, NULL, NULL
    FROM patches p, json_each(p.data, '$.objects') o, json_each(o.value, '$.functions') f
    WHERE p.inventory IS NULL;
  `,
]
