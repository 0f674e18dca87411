import control, {
  DirectoryObject,
  TrustStoreFeed,
  TrustStoreObject as ProductionObject,
  type ControlBindings,
} from '#edge/control/worker.ts'
import { chaosHeader } from '../orders.ts'

/** The trust store's object of production, which can be made to die at once, as a move of its machine does. */
export class TrustStoreObject extends ProductionObject {
  die(): void {
    this.ctx.abort('died on purpose')
  }
}

export { DirectoryObject, TrustStoreFeed }

interface Bindings extends Omit<ControlBindings, 'STORES'> {
  readonly STORES: DurableObjectNamespace<TrustStoreObject>
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const store = request.headers.get(chaosHeader)
    if (store === null) return control.fetch(request, env)
    try {
      await env.STORES.getByName(store).die()
    } catch {
      // It took the question with it.
    }
    return new Response(null, { status: 204 })
  },
}
