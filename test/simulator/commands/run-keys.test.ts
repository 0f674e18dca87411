import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { listenForKeys, type KeySource } from '#simulator/commands/run-keys.ts'

class Terminal extends EventEmitter implements KeySource {
  readonly isTTY = true
  isRaw = false
  isFlowing = false
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw
  }
  resume(): void {
    this.isFlowing = true
  }
  pause(): void {
    this.isFlowing = false
  }
  press(keys: string): void {
    this.emit('data', Buffer.from(keys))
  }
}

function listening() {
  const terminal = new Terminal()
  const said: string[] = []
  const keys = listenForKeys(terminal, {
    say: (text) => said.push(text),
    quit: () => said.push('quit'),
  })
  if (keys === undefined) throw new Error('a terminal was not taken for one')
  const isHeld = async () => {
    let held = true
    void keys.hold().then(() => (held = false))
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
    return held
  }
  return { terminal, said, keys, isHeld }
}

test.each([
  { pressed: '', held: false, said: [] },
  { pressed: 'p', held: true, said: ['paused: p goes on, q quits'] },
  { pressed: 'pp', held: false, said: ['paused: p goes on, q quits'] },
  { pressed: 'x', held: false, said: [] },
  { pressed: 'q', held: false, said: ['quit'] },
  { pressed: 'pq', held: false, said: ['paused: p goes on, q quits', 'quit'] },
  { pressed: '\u0003', held: false, said: ['quit'] },
])('"$pressed": held is $held', async ({ pressed, held, said }) => {
  const it = listening()
  it.terminal.press(pressed)
  expect(await it.isHeld()).toBe(held)
  expect(it.said).toEqual(said)
})

test('the terminal is given back, and who waited is let go', async () => {
  const { terminal, keys, isHeld } = listening()
  expect(terminal).toMatchObject({ isRaw: true, isFlowing: true })
  terminal.press('p')
  keys.stop()
  expect(await isHeld()).toBe(false)
  expect(terminal).toMatchObject({ isRaw: false, isFlowing: false })
  expect(terminal.listenerCount('data')).toBe(0)
})

test('where nobody is at a terminal nothing listens', () => {
  const pipe = Object.assign(new Terminal(), { isTTY: false })
  expect(listenForKeys(pipe, { say: () => {}, quit: () => {} })).toBeUndefined()
  expect(pipe.listenerCount('data')).toBe(0)
})
