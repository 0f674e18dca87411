import type { Operation } from './operations/operation.ts'
import { isOperationSet, operationSets } from './operations/sets.ts'
import { unpackFixture } from './runtimes/fixture-wire.ts'

/*
 * The operations inside workerd. `PUT /<set>` prepares one set with the fixture of its body and tells
 * the names; `POST /?nth=N&times=T` does the nth of them so many times. Clocks stand still in here:
 * whoever asks looks at the CPU of the process.
 */

let prepared: readonly Operation[] = []

async function prepare(request: Request, set: string): Promise<Response> {
  if (!isOperationSet(set)) return new Response(`no set ${set}`, { status: 404 })
  const fixture = unpackFixture(new Uint8Array(await request.arrayBuffer()))
  prepared = await operationSets[set](fixture, 'workerd')
  return Response.json(prepared.map(({ name }) => name))
}

async function run(asked: URLSearchParams): Promise<Response> {
  const operation = prepared[Number(asked.get('nth'))]
  if (operation === undefined) return new Response('no such operation', { status: 404 })
  await operation.run(Number(asked.get('times')))
  return new Response('done')
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    try {
      if (request.method === 'PUT') return await prepare(request, pathname.slice(1))
      return await run(searchParams)
    } catch (error) {
      return new Response(error instanceof Error ? error.stack : String(error), { status: 500 })
    }
  },
}
