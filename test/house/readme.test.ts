import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { commandsOf, snippetsIn } from '../package/snippets.ts'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'README.md'), 'utf8')
const scripts: Readonly<Record<string, string>> = packageJson.scripts

const commands = snippetsIn(page, 'sh').flatMap(commandsOf)

/** Commands of the shell that no rule below covers, each with the reason why nothing runs it here. */
const outside: readonly { readonly command: string; readonly because: string }[] = [
  { command: 'npm ci', because: 'continuous integration begins with it: .ci/run' },
  { command: 'npm install sallyport hono', because: 'test/package installs the packed tarball' },
]

const covers = (rule: RegExp) => commands.filter((command) => rule.test(command))
const ofCommand = covers(/^(?:npm run sallyport --|npx sallyport) /)
const ofScripts = covers(/^npm (?:run|start|test)\b/)

test('every command is covered by a rule, or by a reason', () => {
  const reasoned = outside.map(({ command }) => command)
  const others = commands.filter((each) => !ofCommand.includes(each) && !ofScripts.includes(each))
  expect(commands.length).toBeGreaterThan(10)
  expect(others.filter((command) => !reasoned.includes(command))).toEqual([])
  expect(reasoned.filter((command) => !others.includes(command))).toEqual([])
})

test.each(ofScripts)('%s: a script, of files that exist', (command) => {
  const [, name = ''] = /^npm (?:run )?([\w:-]+)/.exec(command) ?? []
  const script = scripts[name]
  expect(script).toBeDefined()
  const files = script?.match(/\b[\w/.-]+\.(?:ts|js|yaml)\b/g) ?? []
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

describe('each command of sallyport', () => {
  test.each(ofCommand)(
    '%s: has every flag that is named',
    async (command) => {
      const [, words = ''] = /sallyport(?: --)?((?: [a-z-]+(?= |$))*)/.exec(command) ?? []
      const help = await helpOf(words.split(' ').filter((word) => /^[a-z]/.test(word)))
      // What stands in quotes is another program's.
      const flags = command.replaceAll(/'[^']*'/g, '').match(/(?<=[ [])--[a-z][\w-]*/g) ?? []
      expect(flags.filter((flag) => !help.includes(flag))).toEqual([])
      const files = command.match(/\b[\w/.-]+\.yaml\b/g) ?? []
      expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
    },
    60_000,
  )
})

function helpOf(command: readonly string[]): Promise<string> {
  const args = [join(root, 'simulator', 'sallyport.js'), ...command, '--help']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(error)
    })
  })
}
