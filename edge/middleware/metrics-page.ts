import { createMiddleware } from 'hono/factory'
import { equalTextsInConstantTime } from '#shared/bytes.ts'
import type { AppEnv, Ports } from '../context.ts'
import type { Listener } from '../listener.ts'
import { trustStoreFamilies } from '../observe/metrics-trust-store.ts'

/**
 * The page of counters, for whoever shows its token (RFC 6750 2.1). To anybody else its address is
 * one like any other: it is decided on, and goes to the target.
 */
export function metricsPage(
  { token }: { readonly token: string },
  { maxStalenessMs }: Listener,
  ports: Ports,
) {
  const wanted = `Bearer ${token}`
  return createMiddleware<AppEnv>(async (context, next) => {
    const given = context.req.header('authorization') ?? ''
    if (!equalTextsInConstantTime(given, wanted)) return next()
    const store = await ports.trustStore.current()
    const now = ports.clock.now()
    const held =
      store === undefined
        ? []
        : trustStoreFamilies(store, maxStalenessMs, now, ports.trustStore.exposure?.())
    const outside = (await ports.figures?.()) ?? []
    return ports.metrics.page([...held, ...outside])
  })
}
