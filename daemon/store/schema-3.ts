import { resolutions } from './resolutions.ts'

const pointsTable = ({ table }: { table: string }): string => `CREATE TABLE ${table} (
    series_id INTEGER NOT NULL REFERENCES series (id),
    start_ns  INTEGER NOT NULL,
    last_ns   INTEGER,
    last      REAL,
    min       REAL,
    max       REAL,
    sum       REAL,
    count     INTEGER NOT NULL,
    end_ns    INTEGER,
    PRIMARY KEY (series_id, start_ns)
  ) STRICT, WITHOUT ROWID;`

/**
 * Migration 3: tables and views for people with plain `sqlite3`; daemon/store/README.md tells what each holds.
 * Rows that are one object of the API keep it whole in `data`; what is searched or listed stands in columns, which
 * cost nothing where they are VIRTUAL.
 */
export const queryableTables = `
  ALTER TABLE events ADD COLUMN object TEXT GENERATED ALWAYS AS (json_extract(data, '$.object')) VIRTUAL;
  ALTER TABLE events ADD COLUMN function TEXT GENERATED ALWAYS AS (json_extract(data, '$.function')) VIRTUAL;
  ALTER TABLE events ADD COLUMN pid INTEGER GENERATED ALWAYS AS (json_extract(data, '$.pid')) VIRTUAL;
  ALTER TABLE events ADD COLUMN comm TEXT GENERATED ALWAYS AS (json_extract(data, '$.comm')) VIRTUAL;
  DROP INDEX events_of_runs;
  CREATE INDEX events_by_kind ON events (kind, seq);
  CREATE INDEX events_by_patch ON events (patch, seq) WHERE patch IS NOT NULL;

  ALTER TABLE transitions ADD COLUMN stalled INTEGER GENERATED ALWAYS AS (json_extract(data, '$.stalled')) VIRTUAL;
  ALTER TABLE transitions ADD COLUMN forced INTEGER GENERATED ALWAYS AS (json_extract(data, '$.forced')) VIRTUAL;
  ALTER TABLE transitions ADD COLUMN reversals INTEGER GENERATED ALWAYS AS (json_extract(data, '$.reversals')) VIRTUAL;
  ALTER TABLE transitions ADD COLUMN remaining INTEGER GENERATED ALWAYS AS (json_extract(data, '$.remaining')) VIRTUAL;
  ALTER TABLE transitions ADD COLUMN requested_by TEXT
    GENERATED ALWAYS AS (json_extract(data, '$.requester.comm')) VIRTUAL;

  -- Each task a transition had to wait for. task: its tid, or -(cpu + 1) for the idle task of a CPU.
  -- way: how it was switched, 'gone' if it ended first; NULL while it is not.
  CREATE TABLE transition_tasks (
    transition_id    TEXT NOT NULL,
    task             INTEGER NOT NULL,
    tid              INTEGER NOT NULL,
    pid              INTEGER NOT NULL,
    comm             TEXT NOT NULL,
    kthread          INTEGER,
    first_blocked_ns INTEGER,
    last_blocked_ns  INTEGER,
    reason           TEXT,
    function         TEXT,
    blame            TEXT,
    tries            INTEGER,
    unit             TEXT,
    container        TEXT,
    command_line     TEXT,
    stack            TEXT,
    switched_ns      INTEGER,
    way              TEXT,
    PRIMARY KEY (transition_id, task)
  ) STRICT, WITHOUT ROWID;

  -- One row per life of a patch, from its loading until nothing is left of it. inventory: what the kernel's own
  -- structures held of it.
  CREATE TABLE patches (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL,
    state     TEXT NOT NULL,
    first_ns  INTEGER NOT NULL,
    since_ns  INTEGER,
    gone_ns   INTEGER,
    data      TEXT NOT NULL,
    inventory TEXT,
    version     TEXT GENERATED ALWAYS AS (json_extract(data, '$.version')) VIRTUAL,
    srcversion  TEXT GENERATED ALWAYS AS (json_extract(data, '$.srcversion')) VIRTUAL,
    replaced_by TEXT GENERATED ALWAYS AS (json_extract(data, '$.replacedBy')) VIRTUAL,
    was_enabled INTEGER GENERATED ALWAYS AS (json_extract(data, '$.wasEnabled')) VIRTUAL,
    forced      INTEGER GENERATED ALWAYS AS (json_extract(data, '$.forced')) VIRTUAL,
    loaded_by   TEXT GENERATED ALWAYS AS (json_extract(data, '$.loadedBy.comm')) VIRTUAL
  ) STRICT;
  CREATE INDEX patches_by_name ON patches (name);

  CREATE VIEW objects AS
    SELECT p.id AS patch_id, p.name AS patch, json_extract(o.value, '$.name') AS object,
           json_extract(o.value, '$.patched') AS patched
    FROM patches p, json_each(p.data, '$.objects') o;

  -- What the kernel holds of each function, where a probe could read it; otherwise its name only.
  CREATE VIEW functions AS
    SELECT p.id AS patch_id, p.name AS patch, json_extract(o.value, '$.name') AS object,
           json_extract(f.value, '$.name') AS function, json_extract(f.value, '$.symbol') AS symbol,
           json_extract(f.value, '$.nop') AS nop, json_extract(f.value, '$.patched') AS patched,
           json_extract(f.value, '$.oldAddress') AS old_address, json_extract(f.value, '$.newAddress') AS new_address
    FROM patches p, json_each(p.inventory, '$.objects') o, json_each(o.value, '$.functions') f
    UNION ALL
    SELECT p.id, p.name, json_extract(o.value, '$.name'), f.value, NULL, NULL, NULL, NULL, NULL
    FROM patches p, json_each(p.data, '$.objects') o, json_each(o.value, '$.functions') f
    WHERE p.inventory IS NULL;

  CREATE VIEW callbacks AS
    SELECT p.id AS patch_id, p.name AS patch, json_extract(c.value, '$.object') AS object,
           json_extract(c.value, '$.name') AS callback, json_extract(c.value, '$.outcome') AS outcome,
           json_extract(c.value, '$.returned') AS returned, json_extract(c.value, '$.cause') AS cause,
           json_extract(c.value, '$.at') AS at, json_extract(c.value, '$.basis') AS basis
    FROM patches p, json_each(p.data, '$.callbacks') c;

  CREATE VIEW patch_states AS
    SELECT p.id AS patch_id, p.name AS patch, json_extract(s.value, '$.id') AS state_id,
           json_extract(s.value, '$.version') AS version
    FROM patches p, json_each(p.data, '$.states') s;

  -- Runs of the daemon. id: its tracer-started. end_reason is 'not seen' when it did not end in order.
  CREATE TABLE runs (
    id              INTEGER PRIMARY KEY,
    boot_id         TEXT NOT NULL,
    hostname        TEXT NOT NULL,
    kernel          TEXT NOT NULL,
    cpus            INTEGER NOT NULL,
    version         TEXT NOT NULL,
    started_ns      INTEGER NOT NULL,
    started_mono_ns INTEGER NOT NULL,
    ended_ns        INTEGER,
    end_reason      TEXT
  ) STRICT;

  -- From mono_ns of its boot on, wall clock = mono_ns + offset_ns, until the next row. suspended_ns: the host slept so long.
  CREATE TABLE clock_mappings (
    seq          INTEGER PRIMARY KEY,
    boot_id      TEXT,
    mono_ns      INTEGER NOT NULL,
    offset_ns    INTEGER NOT NULL,
    cause        TEXT,
    suspended_ns INTEGER
  ) STRICT;

  -- The newest counts of each shadow id in each run.
  CREATE TABLE shadow_ids (
    run_id   INTEGER NOT NULL,
    id       TEXT NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns  INTEGER NOT NULL,
    data     TEXT NOT NULL,
    live       INTEGER GENERATED ALWAYS AS (json_extract(data, '$.live')) VIRTUAL,
    live_bytes INTEGER GENERATED ALWAYS AS (json_extract(data, '$.liveBytes')) VIRTUAL,
    allocated  INTEGER GENERATED ALWAYS AS (json_extract(data, '$.allocated')) VIRTUAL,
    freed      INTEGER GENERATED ALWAYS AS (json_extract(data, '$.freed')) VIRTUAL,
    found      INTEGER GENERATED ALWAYS AS (json_extract(data, '$.found')) VIRTUAL,
    duplicates INTEGER GENERATED ALWAYS AS (json_extract(data, '$.duplicates')) VIRTUAL,
    failures   INTEGER GENERATED ALWAYS AS (json_extract(data, '$.failures')) VIRTUAL,
    missed     INTEGER GENERATED ALWAYS AS (json_extract(data, '$.missed')) VIRTUAL,
    owner      TEXT GENERATED ALWAYS AS (json_extract(data, '$.owner')) VIRTUAL,
    PRIMARY KEY (run_id, id)
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE findings ADD COLUMN summary TEXT GENERATED ALWAYS AS (json_extract(data, '$.summary')) VIRTUAL;
  ALTER TABLE findings ADD COLUMN advice TEXT GENERATED ALWAYS AS (json_extract(data, '$.advice')) VIRTUAL;
  ALTER TABLE findings ADD COLUMN acked_by TEXT GENERATED ALWAYS AS (json_extract(data, '$.ackedBy')) VIRTUAL;

  -- Series in steps of a second, a minute, an hour. last: the newest value, at last_ns. end_ns: after it the line ends.
  ${resolutions.map(pointsTable).join('\n')}
  DROP TABLE points;
  DELETE FROM series;

  -- The folded state after event seq, as deflated JSON. version: the form of the state; those of another are of no use.
  DROP TABLE checkpoints;
  CREATE TABLE checkpoints (
    seq     INTEGER PRIMARY KEY,
    time_ns INTEGER NOT NULL,
    version TEXT NOT NULL,
    cost_us INTEGER NOT NULL,
    state   BLOB NOT NULL
  ) STRICT;

  -- One row, once old events were deleted: from that checkpoint on the record is whole.
  CREATE TABLE retention (kept_from_seq INTEGER NOT NULL) STRICT;
  `
