import { instantFromIso } from '#shared/time.ts'
import { formatCode, formatDuration } from '../format.ts'
import type { LogLine } from './log-line.ts'

/** What one line of the log says, from the side of the device that the story is of: no full stop. */
export function tellLine(line: LogLine, device: string): string {
  switch (line.event) {
    case 'enroll':
      return `got a certificate, serial ${line.serial}`
    case 'renew':
      return `renewed its certificate, serial ${line.serial} now`
    case 'issuance_failed':
      return 'asked for a certificate and got none'
    case 'wiped':
      return 'was wiped: it begins again with nothing but what its factory gave it'
    case 'hostile_request':
      return `somebody hostile asks for a certificate in its name: ${line.name}`
    case 'returned':
      return `is back after ${awayFor(line)} offline`
    case 'revoked':
      return `its certificate, serial ${line.serial}, is revoked: ${line.reason}`
    case 'attempt':
      return tellAttempt(line, device)
    case 'crls_published':
      return 'the list that names its certificate is published'
    case 'phase':
      return `phase ${line.phase} begins, in mode ${line.mode}`
    case 'fault':
      return `fault ${line.fault} ${line.stage}`
    default:
      return formatCode(line.event)
  }
}

function awayFor({ at, since }: LogLine): string {
  if (since === undefined) return 'some time'
  return formatDuration(instantFromIso(at) - instantFromIso(since))
}

function tellAttempt(line: LogLine, device: string): string {
  const { actor, intent = '', protocol = '', connection, outcome, verdict } = line
  const who = actor === device ? '' : `${actor} (${formatCode(intent)}) `
  const why = actor === device && intent !== 'regular' ? ` (${formatCode(intent)})` : ''
  const mark = verdict === 'right' ? '' : `; ${titleOf(verdict)}`
  return `${who}came over ${protocol.toUpperCase()}, ${connection} connection, ${held(line)}${why}: ${
    outcome === 'broken' ? 'no decision' : `${outcome}${detailOf(line)}`
  }${mark}`
}

function held({ serial, cookieSerial }: LogLine): string {
  const certificate = serial === undefined ? 'no certificate' : `serial ${serial}`
  if (cookieSerial === undefined) return certificate
  return cookieSerial === serial
    ? `${certificate} and its cookie`
    : `${certificate} and the cookie of serial ${cookieSerial}`
}

function detailOf({ code, session }: LogLine): string {
  if (code !== undefined) return `, ${code}`
  if (session === 'issued') return ', session cookie issued'
  return session === 'used' ? ', by its session cookie' : ''
}

function titleOf(verdict: LogLine['verdict']): string {
  switch (verdict) {
    case 'either':
      return 'within a bound'
    case 'wrong_accept':
      return 'WRONG ACCEPT'
    case 'unexplained_refusal':
      return 'UNEXPLAINED REFUSAL'
    case 'right':
    case 'broken':
    case undefined:
      return 'NO VERDICT'
  }
}
