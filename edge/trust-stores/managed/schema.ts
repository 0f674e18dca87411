import type { MigrationSteps } from '../../sqlite/migrate.ts'

/** Of a trust store's database. */
export const storeSteps: MigrationSteps = [
  [
    // The audit log and the epochs in one: who asked for what, and what came of it.
    `CREATE TABLE changes (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      by TEXT NOT NULL,
      change TEXT NOT NULL,
      epoch INTEGER UNIQUE,
      document TEXT,
      refusal TEXT,
      CHECK ((epoch IS NULL) <> (refusal IS NULL))
    )`,
    'CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)',
    "INSERT INTO counters (name, value) VALUES ('list', 0)",
  ],
  [
    // Where lists are fetched from. A row stays when its source is removed: who did it, and when.
    `CREATE TABLE sources (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL,
      location TEXT NOT NULL,
      every_ms INTEGER NOT NULL,
      allowed_hosts TEXT NOT NULL,
      added_by TEXT NOT NULL,
      added_at INTEGER NOT NULL,
      removed_by TEXT,
      removed_at INTEGER,
      etag TEXT,
      last_modified TEXT,
      next_at INTEGER NOT NULL,
      failures INTEGER NOT NULL DEFAULT 0,
      file TEXT,
      ahead_ms INTEGER,
      outcome TEXT,
      failure TEXT
    )`,
    // What was found and told: a finding is told once, and again when it is another.
    `CREATE TABLE findings (
      id TEXT PRIMARY KEY,
      since INTEGER NOT NULL,
      finding TEXT NOT NULL,
      sent INTEGER NOT NULL
    )`,
  ],
  [
    // Who added and removed sources: lines of the audit log beside `changes`, and ids of one series.
    `CREATE TABLE source_changes (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      by TEXT NOT NULL,
      change TEXT NOT NULL
    )`,
  ],
  [
    // The anchors of the bundle in force, by their keys: since when, and when a device last came in by one.
    `CREATE TABLE anchors (
      id TEXT PRIMARY KEY,
      since INTEGER NOT NULL,
      used_at INTEGER
    )`,
  ],
]
