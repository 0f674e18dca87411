import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { projectRoot } from '#simulator/engine/bundle-worker.ts'

const folder = join(projectRoot, 'edge/control/console')

/**
 * Workers and Node load the page as a module of text, made of the sources beside it. After a change to
 * them: `npx vitest run test/edge/control/console-page.test.ts --update`
 */
test('the page that is served is made of the sources as they are', async () => {
  const [markup, style] = await Promise.all(
    ['console.html', 'console.css'].map((name) => readFile(join(folder, name), 'utf8')),
  )
  const { outputFiles } = await build({
    absWorkingDir: projectRoot,
    entryPoints: ['edge/control/console/client/main.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    charset: 'utf8',
    write: false,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
  })
  const script = outputFiles[0]?.text
  const parts = Object.entries({ markup, style, script })
  const lines = parts.map(([name, text]) => `export const ${name} = ${JSON.stringify(text)}\n`)
  await expect(
    `// Made by test/edge/control/console-page.test.ts\n${lines.join('')}`,
  ).toMatchFileSnapshot(join(folder, 'page.generated.ts'))
})
