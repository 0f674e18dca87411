import type { MigrationSteps } from '../../sqlite/migrate.ts'

/**
 * Of one part of the registry's database. Each part has all tables, and uses those of what is kept in
 * it: devices with their certificates, or bindings, or claims, or the rules.
 */
export const registrySteps: MigrationSteps = [
  [
    `CREATE TABLE devices (
      name TEXT PRIMARY KEY,
      folded TEXT NOT NULL,
      status TEXT NOT NULL,
      since INTEGER NOT NULL,
      made_at INTEGER NOT NULL,
      factory_leaf TEXT
    ) WITHOUT ROWID`,
    'CREATE UNIQUE INDEX devices_folded ON devices (folded)',
    "CREATE INDEX devices_refused ON devices (status) WHERE status <> 'active'",
    `CREATE TABLE device_classes (
      class TEXT NOT NULL,
      device TEXT NOT NULL,
      PRIMARY KEY (class, device)
    ) WITHOUT ROWID`,
    'CREATE INDEX classes_of_device ON device_classes (device)',
    `CREATE TABLE suspended_classes (
      class TEXT PRIMARY KEY,
      at INTEGER NOT NULL,
      by TEXT NOT NULL,
      because TEXT NOT NULL
    ) WITHOUT ROWID`,
    `CREATE TABLE history (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      device TEXT NOT NULL,
      at INTEGER NOT NULL,
      by TEXT NOT NULL,
      status TEXT NOT NULL,
      because TEXT NOT NULL
    )`,
    'CREATE INDEX history_of_device ON history (device, id)',
    `CREATE TRIGGER history_is_not_rewritten BEFORE UPDATE ON history
      BEGIN SELECT RAISE(ABORT, 'history is not rewritten'); END`,
    `CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
      BEGIN SELECT RAISE(ABORT, 'history is not deleted'); END`,
    `CREATE TABLE issuers (
      id INTEGER PRIMARY KEY,
      key_id TEXT NOT NULL,
      name TEXT NOT NULL,
      UNIQUE (key_id, name)
    )`,
    `CREATE TABLE certificates (
      issuer INTEGER NOT NULL,
      serial TEXT NOT NULL,
      device TEXT NOT NULL,
      key_sha256 TEXT NOT NULL,
      not_before INTEGER NOT NULL,
      not_after INTEGER NOT NULL,
      enrolment TEXT,
      revoked_at INTEGER,
      PRIMARY KEY (issuer, serial)
    ) WITHOUT ROWID`,
    'CREATE INDEX certificates_of_device ON certificates (device)',
    'CREATE INDEX certificates_revoked ON certificates (revoked_at) WHERE revoked_at IS NOT NULL',
    // A row is written before anything is signed: what was meant to be signed is known after a crash.
    // `request_sha256` is `requestKey`: the digest of the request, and who vouches for it.
    `CREATE TABLE enrolments (
      request_sha256 TEXT PRIMARY KEY,
      id TEXT NOT NULL,
      device TEXT NOT NULL,
      key_sha256 TEXT NOT NULL,
      claimant TEXT NOT NULL,
      kind TEXT NOT NULL,
      approval TEXT NOT NULL,
      state TEXT NOT NULL,
      at INTEGER NOT NULL,
      serial TEXT NOT NULL,
      not_before INTEGER NOT NULL,
      not_after INTEGER NOT NULL,
      certificate TEXT,
      because TEXT
    ) WITHOUT ROWID`,
    'CREATE UNIQUE INDEX enrolments_by_id ON enrolments (id)',
    'CREATE INDEX enrolments_of_device ON enrolments (device)',
    `CREATE TABLE bindings (
      what TEXT NOT NULL,
      request TEXT NOT NULL,
      device TEXT NOT NULL,
      held INTEGER NOT NULL,
      PRIMARY KEY (what, request)
    ) WITHOUT ROWID`,
    `CREATE TABLE claims (
      secret_sha256 TEXT PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      device TEXT,
      quota INTEGER NOT NULL,
      not_after INTEGER NOT NULL,
      classes TEXT NOT NULL,
      approval TEXT NOT NULL,
      made_at INTEGER NOT NULL,
      made_by TEXT NOT NULL,
      revoked_at INTEGER,
      refused INTEGER NOT NULL DEFAULT 0,
      alarmed_at INTEGER
    )`,
    `CREATE TABLE claim_uses (
      secret_sha256 TEXT NOT NULL,
      request TEXT NOT NULL,
      device TEXT NOT NULL,
      held INTEGER NOT NULL,
      PRIMARY KEY (secret_sha256, request)
    ) WITHOUT ROWID`,
    `CREATE TABLE authorities (
      key_sha256 TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      certificate TEXT NOT NULL,
      status TEXT NOT NULL,
      approval TEXT NOT NULL,
      first_connection TEXT NOT NULL,
      classes TEXT NOT NULL,
      made_at INTEGER NOT NULL,
      made_by TEXT NOT NULL
    )`,
    'CREATE TABLE challenges (nonce TEXT PRIMARY KEY, until INTEGER NOT NULL)',
    // Who asked for what, of everything that is no device's.
    `CREATE TABLE audit (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      by TEXT NOT NULL,
      what TEXT NOT NULL
    )`,
    // What is decided once and for all, such as how many parts there are.
    'CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)',
    // Grows with each change of who is refused, and what was last written out of that.
    `CREATE TABLE refused_file (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      revision INTEGER NOT NULL,
      written INTEGER NOT NULL,
      file TEXT,
      entries INTEGER NOT NULL
    )`,
    'INSERT INTO refused_file VALUES (1, 0, 0, NULL, 0)',
  ],
  // How many devices a CA registers at their first connections, and has.
  [
    `CREATE TABLE first_connections (
      key_sha256 TEXT PRIMARY KEY,
      most INTEGER,
      made INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID`,
  ],
]
