import { createRoute, z } from '@hono/zod-openapi'
import { requireScope } from '../api/allowed.ts'
import type { Api } from '../api/env.ts'
import { json, problems } from '../api/schemas.ts'
import type { AskEdge } from './edge-metrics.ts'

/** What an edge worker decided, for whoever may not see its metrics page itself. */
export function addEdgeMetrics(api: Api, askEdge: AskEdge | undefined): void {
  api.openapi(figures, async (context) => {
    requireScope(context, 'read')
    if (askEdge === undefined) return context.json({ kind: 'off' } as const, 200)
    const asked = await askEdge()
    if (!asked.ok) {
      return context.json({ kind: 'unreachable', because: asked.error } as const, 200)
    }
    const { decisions, ...seconds } = asked.value
    const kind = 'counted' as const
    return context.json({ kind, decisions: [...decisions], ...seconds }, 200)
  })
}

const seconds = z.number().optional()

const figures = createRoute({
  method: 'get',
  path: '/edge-metrics',
  summary: 'What one isolate of the edge worker counted and measured since it began',
  responses: {
    200: json(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('off') }),
        z.object({ kind: z.literal('unreachable'), because: z.string() }),
        z.object({
          kind: z.literal('counted'),
          decisions: z.array(
            z.object({ outcome: z.string(), reason: z.string(), count: z.number() }),
          ),
          maxStalenessSeconds: seconds,
          headAgeMaxSeconds: seconds,
          adoptionMaxSeconds: seconds,
        }),
      ]),
      'Counters and gauges, or that no address is configured',
    ),
    default: problems,
  },
})
