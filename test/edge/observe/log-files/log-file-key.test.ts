import { describe, expect, test } from 'vitest'
import { intervalEnd, logFileKey, logIntervalMs } from '#edge/observe/log-files/log-file-key.ts'
import { readLogFiles, type LogFileVariables } from '#edge/observe/log-files/read-log-files.ts'
import { instantFromIso, isoFromInstant } from '#shared/time.ts'

/** 255 and downwards. */
const high = (count: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: count }, (_, index) => 255 - index)

const zeros = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(count)

const documented = {
  prefix: 'logging-prefix/',
  account: '123456789012',
  region: 'us-east-2',
  balancer: 'my-loadbalancer/1234567890abcdef',
}

describe('the key of a log file', () => {
  test('is that of ALB’s documentation, but for the delivery date, the address and chance', () => {
    const file = { intervalEnd: instantFromIso('2022-02-15T23:40:00Z'), node: 3 }
    expect(logFileKey(documented, file, zeros)).toBe(
      'logging-prefix/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2022/02/15/conn_log_123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20220215T2340Z_0.0.0.3_00000000.log.gz',
    )
  })

  test('has letters and digits of chance alone', () => {
    const file = { intervalEnd: instantFromIso('2022-02-15T23:40:00Z'), node: 0 }
    expect(logFileKey(documented, file, high)).toMatch(/_vutsrqpo\.log\.gz$/)
  })

  const times = [
    { now: '2014-02-15T23:35:00Z', end: '2014-02-15T23:40:00Z' },
    { now: '2014-02-15T23:39:59Z', end: '2014-02-15T23:40:00Z' },
    { now: '2014-02-15T23:40:00Z', end: '2014-02-15T23:45:00Z' },
    { now: '2014-12-31T23:59:00Z', end: '2015-01-01T00:00:00Z' },
  ]
  test.each(times)('a line of $now is in the file of $end', ({ now, end }) => {
    expect(isoFromInstant(intervalEnd(instantFromIso(now), logIntervalMs))).toBe(end)
  })
})

describe('its variables', () => {
  test('all have a default', () => {
    expect(readLogFiles({})).toEqual({
      ok: true,
      value: {
        naming: {
          prefix: '',
          account: '000000000000',
          region: 'auto',
          balancer: 'sallyport/0000000000000000',
        },
        nodes: 1,
        gatherMs: 0,
      },
    })
  })

  test('are taken as they are written', () => {
    const variables = {
      LOG_PREFIX: 'logs/fleet/',
      LOG_ACCOUNT: '123456789012',
      LOG_REGION: 'eu-central-1',
      LOG_BALANCER: 'app/my-loadbalancer/50dc6c495c0c9188',
      LOG_NODES: '64',
      LOG_GATHER: '250ms',
    }
    expect(readLogFiles(variables)).toMatchObject({
      value: {
        naming: { prefix: 'logs/fleet/', balancer: 'my-loadbalancer/50dc6c495c0c9188' },
        nodes: 64,
        gatherMs: 250,
      },
    })
  })

  const faults: readonly LogFileVariables[] = [
    { LOG_PREFIX: 'logs' },
    { LOG_PREFIX: '/' },
    { LOG_PREFIX: 'AWSLogs/' },
    { LOG_PREFIX: 'a/myAWSLogs/' },
    { LOG_PREFIX: 'a b/' },
    { LOG_PREFIX: 'a\n/' },
    { LOG_ACCOUNT: '' },
    { LOG_ACCOUNT: '1_2' },
    { LOG_ACCOUNT: 'x'.repeat(65) },
    { LOG_REGION: 'EU' },
    { LOG_BALANCER: 'my-loadbalancer' },
    { LOG_BALANCER: 'app/my_loadbalancer/50dc6c495c0c9188' },
    { LOG_BALANCER: 'app/my-loadbalancer/50dc6c495c0c918' },
    { LOG_NODES: '0' },
    { LOG_NODES: '65' },
    { LOG_NODES: '1.5' },
    { LOG_GATHER: '6s' },
    { LOG_GATHER: '1' },
  ]
  test.each(faults)('%j is told by name', (variables) => {
    const read = readLogFiles(variables)
    expect(read).toEqual({
      ok: false,
      error: [{ variable: Object.keys(variables)[0], expected: expect.stringContaining('like') }],
    })
  })
})
