/**
 * The columns of a table of events, one for each fact that the engines write down (`EventLog`), and the
 * key of a line that it holds. `at` is a word of SQL's own, so its column is `time`. What a line says
 * beside these stands in the column `more`, as JSON.
 */
export const eventColumns = [
  { name: 'time', key: 'at', type: 'TIMESTAMP' },
  { name: 'event', key: 'event', type: 'STRING' },
  { name: 'device', key: 'device', type: 'STRING' },
  { name: 'actor', key: 'actor', type: 'STRING' },
  { name: 'intent', key: 'intent', type: 'STRING' },
  { name: 'phase', key: 'phase', type: 'STRING' },
  { name: 'mode', key: 'mode', type: 'STRING' },
  { name: 'protocol', key: 'protocol', type: 'STRING' },
  { name: 'connection', key: 'connection', type: 'STRING' },
  { name: 'serial', key: 'serial', type: 'STRING' },
  { name: 'cookieSerial', key: 'cookieSerial', type: 'STRING' },
  { name: 'outcome', key: 'outcome', type: 'STRING' },
  { name: 'code', key: 'code', type: 'STRING' },
  { name: 'session', key: 'session', type: 'STRING' },
  { name: 'verdict', key: 'verdict', type: 'STRING' },
  { name: 'reason', key: 'reason', type: 'STRING' },
  { name: 'since', key: 'since', type: 'TIMESTAMP' },
  { name: 'fault', key: 'fault', type: 'STRING' },
  { name: 'stage', key: 'stage', type: 'STRING' },
  { name: 'intermediate', key: 'intermediate', type: 'INT32' },
  { name: 'revoked', key: 'revoked', type: 'INT32' },
] as const

/** The column of everything that has none of its own. */
export const moreColumn = 'more'
