import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import {
  endsCertificates,
  foldedName,
  isDeviceStatus,
  transitions,
  type Device,
  type HistoryEntry,
} from './device.ts'
import { markRefusedChanged } from './refused-rows.ts'
import type { DeviceStatus } from './registry.ts'

/** A device that is to be known. */
export interface NewDevice {
  readonly name: string
  readonly status: DeviceStatus
  readonly classes: readonly string[]
  readonly factoryLeaf: string | undefined
}

/** Who says something of a device, when and why. */
export interface Word {
  readonly at: Instant
  readonly by: string
  readonly because: string
}

/** Why a device is not as it was asked to be. */
export interface DeviceRefusal {
  readonly code: 'device_not_found' | 'transition_refused'
  readonly because: string
}

/** The device of a name, in any case of its letters. */
export function deviceByName(sql: Sql, name: string): Device | undefined {
  const [row] = sql.all('SELECT * FROM devices WHERE folded = ?', foldedName(name))
  return row && deviceOf(sql, row)
}

function deviceOf(sql: Sql, row: SqlRow): Device {
  const name = String(row['name'])
  const classes = sql.all(
    `SELECT class, suspended_classes.class IS NOT NULL AS suspended
     FROM device_classes LEFT JOIN suspended_classes USING (class)
     WHERE device = ? ORDER BY class`,
    name,
  )
  const suspended = classes.find((each) => each['suspended'] === 1)
  return {
    name,
    status: statusOf(row['status']),
    since: instantFromMs(Number(row['since'])),
    madeAt: instantFromMs(Number(row['made_at'])),
    classes: classes.map((each) => String(each['class'])),
    factoryLeaf: textOf(row['factory_leaf']),
    suspendedClass: suspended && String(suspended['class']),
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined

function statusOf(word: unknown): DeviceStatus {
  if (isDeviceStatus(word)) return word
  throw new Error(`a device's status ${String(word)} was written by a later version`)
}

/** Writes a device down that is not known yet, and the first line of its history. */
export function addDevice(sql: Sql, device: NewDevice, word: Word): void {
  sql.all(
    'INSERT INTO devices (name, folded, status, since, made_at, factory_leaf) VALUES (?, ?, ?, ?, ?, ?)',
    device.name,
    foldedName(device.name),
    device.status,
    word.at,
    word.at,
    device.factoryLeaf ?? null,
  )
  for (const each of device.classes) {
    sql.all('INSERT OR IGNORE INTO device_classes VALUES (?, ?)', each, device.name)
  }
  addHistory(sql, device.name, device.status, word)
}

function addHistory(sql: Sql, device: string, status: DeviceStatus, word: Word): void {
  const insert = 'INSERT INTO history (device, at, by, status, because) VALUES (?, ?, ?, ?, ?)'
  sql.all(insert, device, word.at, word.by, status, word.because)
}

/** Remembers the factory's certificate of a device that had none. */
export function bindFactoryLeaf(sql: Sql, name: string, leaf: string): void {
  sql.all('UPDATE devices SET factory_leaf = ? WHERE name = ? AND factory_leaf IS NULL', leaf, name)
}

/**
 * Makes of a device what may become of it; asked for what it is already, nothing happens. Call it in a
 * transaction.
 */
export function setStatus(
  sql: Sql,
  name: string,
  status: DeviceStatus,
  word: Word,
): Result<Device, DeviceRefusal> {
  const device = deviceByName(sql, name)
  if (device === undefined || device.name !== name) {
    return err({ code: 'device_not_found', because: `there is no device ${name}` })
  }
  if (device.status === status) return ok(device)
  if (!transitions[device.status].includes(status)) {
    const because = `${name} is ${device.status}, and none such becomes ${status}`
    return err({ code: 'transition_refused', because })
  }
  sql.all('UPDATE devices SET status = ?, since = ? WHERE name = ?', status, word.at, name)
  addHistory(sql, name, status, word)
  if (endsCertificates(status)) revokeCertificates(sql, name, word.at)
  markRefusedChanged(sql)
  return ok({ ...device, status, since: word.at })
}

function revokeCertificates(sql: Sql, device: string, at: Instant): void {
  const ended = 'UPDATE certificates SET revoked_at = ? WHERE device = ? AND revoked_at IS NULL'
  sql.all(ended, at, device)
}

/** Replaces the classes of a device. Call it in a transaction. */
export function setClasses(
  sql: Sql,
  name: string,
  classes: readonly string[],
  word: Word,
): Result<Device, DeviceRefusal> {
  const device = deviceByName(sql, name)
  if (device === undefined || device.name !== name) {
    return err({ code: 'device_not_found', because: `there is no device ${name}` })
  }
  sql.all('DELETE FROM device_classes WHERE device = ?', name)
  for (const each of classes) {
    sql.all('INSERT OR IGNORE INTO device_classes VALUES (?, ?)', each, name)
  }
  addHistory(sql, name, device.status, word)
  markRefusedChanged(sql)
  return ok(deviceByName(sql, name) ?? device)
}

/** Suspends all devices of a class, those to come among them, or ends that; false where it was so already. */
export function suspendClass(sql: Sql, name: string, word: Word | 'resume'): boolean {
  const rows =
    word === 'resume'
      ? sql.all('DELETE FROM suspended_classes WHERE class = ? RETURNING 1', name)
      : sql.all(
          'INSERT OR IGNORE INTO suspended_classes VALUES (?, ?, ?, ?) RETURNING 1',
          name,
          word.at,
          word.by,
          word.because,
        )
  if (rows.length > 0) markRefusedChanged(sql)
  return rows.length > 0
}

/** What a page of devices is picked by. */
export interface DevicePage {
  /** Names behind this one. */
  readonly after: string
  readonly limit: number
  readonly status?: DeviceStatus
  readonly class?: string
}

/** Devices by name. */
export function devicesOf(sql: Sql, page: DevicePage): readonly Device[] {
  const { status = null, class: className = null } = page
  const rows = sql.all(
    `SELECT devices.* FROM devices
     WHERE name > ? AND (? IS NULL OR status = ?)
       AND (? IS NULL OR EXISTS (SELECT 1 FROM device_classes WHERE class = ? AND device = name))
     ORDER BY name LIMIT ?`,
    page.after,
    status,
    status,
    className,
    className,
    page.limit,
  )
  return rows.map((row) => deviceOf(sql, row))
}

/** How many devices have a status. */
export function countDevices(sql: Sql): Readonly<Record<DeviceStatus, number>> {
  const counts = { pending: 0, active: 0, suspended: 0, revoked: 0, retired: 0 }
  for (const row of sql.all('SELECT status, COUNT(*) AS count FROM devices GROUP BY status')) {
    counts[statusOf(row['status'])] = Number(row['count'])
  }
  return counts
}

/** What became of a device, latest first. */
export function historyOf(sql: Sql, name: string, limit: number): readonly HistoryEntry[] {
  const rows = sql.all(
    'SELECT * FROM history WHERE device = ? ORDER BY id DESC LIMIT ?',
    name,
    limit,
  )
  return rows.map((row) => ({
    id: Number(row['id']),
    at: instantFromMs(Number(row['at'])),
    by: String(row['by']),
    status: statusOf(row['status']),
    because: String(row['because']),
  }))
}

/** Classes that are suspended, and by whose word. */
export interface SuspendedClass extends Word {
  readonly class: string
}

export function suspendedClasses(sql: Sql): readonly SuspendedClass[] {
  return sql.all('SELECT * FROM suspended_classes ORDER BY class').map((row) => ({
    class: String(row['class']),
    at: instantFromMs(Number(row['at'])),
    by: String(row['by']),
    because: String(row['because']),
  }))
}
