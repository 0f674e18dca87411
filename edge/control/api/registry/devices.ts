import { createRoute, z } from '@hono/zod-openapi'
import type { DeviceRegistry } from '../../../enrollment/registry/device-registry.ts'
import type { Scope } from '../../tokens.ts'
import type { Api } from '../env.ts'
import { ApiProblem } from '../problem.ts'
import { json, problems } from '../schemas.ts'
import { done, registryUser } from './allowed-registry.ts'
import {
  because,
  certificateForm,
  changedForm,
  classesForm,
  className,
  detailsForm,
  deviceForm,
  deviceName,
  page,
  publishedForm,
  status,
  statusForm,
} from './forms.ts'

/** What locks out takes the scope `revoke`; what lets in takes `write`. */
const scopeOfStatus = (wanted: z.infer<typeof statusForm>['status']): Scope =>
  wanted === 'active' ? 'write' : 'revoke'

/** Devices: list, look, suspend, revoke, retire, take into use; one by one and by class. */
export function addDevices(api: Api, registry: DeviceRegistry): void {
  api.openapi(listed, async (context) => {
    registryUser(context, 'read')
    const { after, limit, status: ofStatus, class: ofClass } = context.req.valid('query')
    const devices = await registry.devices({
      after,
      limit,
      ...(ofStatus !== undefined && { status: ofStatus }),
      ...(ofClass !== undefined && { class: ofClass }),
    })
    return context.json({ devices: [...devices] }, 200)
  })

  api.openapi(counted, async (context) => {
    registryUser(context, 'read')
    return context.json(await registry.counts(), 200)
  })

  api.openapi(shown, async (context) => {
    registryUser(context, 'read')
    const { device: name } = context.req.valid('param')
    const device = await registry.device(name)
    if (device !== undefined) return context.json(device, 200)
    throw new ApiProblem('device_not_found', { detail: `there is no device ${name}` })
  })

  api.openapi(statusChanged, async (context) => {
    const { status: wanted, because: why } = context.req.valid('json')
    const by = registryUser(context, scopeOfStatus(wanted))
    const { device } = context.req.valid('param')
    return context.json(done(await registry.setStatus(device, wanted, by, why)), 200)
  })

  api.openapi(classesChanged, async (context) => {
    const by = registryUser(context, 'write')
    const { device } = context.req.valid('param')
    const { classes } = context.req.valid('json')
    return context.json(done(await registry.setClasses(device, classes, by)), 200)
  })

  api.openapi(certificateRevoked, async (context) => {
    const by = registryUser(context, 'revoke')
    const { device } = context.req.valid('param')
    const certificate = context.req.valid('json')
    const published = done(await registry.revokeCertificate(device, certificate, by))
    return context.json({ published }, 200)
  })

  addClasses(api, registry)
}

function addClasses(api: Api, registry: DeviceRegistry): void {
  api.openapi(classesListed, async (context) => {
    registryUser(context, 'read')
    return context.json({ suspended: [...(await registry.suspendedClasses())] }, 200)
  })

  api.openapi(classSuspended, async (context) => {
    const by = registryUser(context, 'revoke')
    const { class: name } = context.req.valid('param')
    const why = context.req.valid('json').because
    return context.json({ published: done(await registry.suspendClass(name, by, why)) }, 200)
  })

  api.openapi(classResumed, async (context) => {
    const by = registryUser(context, 'write')
    const { class: name } = context.req.valid('param')
    return context.json({ published: done(await registry.suspendClass(name, by, undefined)) }, 200)
  })
}

const named = { params: z.object({ device: deviceName }) }
const namedClass = { params: z.object({ class: className }) }
const published = z.object({ published: publishedForm })

const listed = createRoute({
  method: 'get',
  path: '/registry/devices',
  summary: 'Devices by name, some at a time',
  request: {
    query: z.object({ ...page, status: status.optional(), class: className.optional() }),
  },
  responses: {
    200: json(z.object({ devices: z.array(deviceForm) }), 'Those behind `after`'),
    default: problems,
  },
})

const counted = createRoute({
  method: 'get',
  path: '/registry/counts',
  summary: 'How many devices have which status',
  responses: { 200: json(z.record(status, z.int()), 'By status'), default: problems },
})

const shown = createRoute({
  method: 'get',
  path: '/registry/devices/{device}',
  summary: 'One device, with its history, its certificates and its enrolments',
  request: named,
  responses: {
    200: json(detailsForm, 'The device'),
    default: problems,
  },
})

const statusChanged = createRoute({
  method: 'post',
  path: '/registry/devices/{device}/status',
  summary: 'Suspends, revokes or retires a device, or takes it into use',
  request: { ...named, body: json(statusForm) },
  responses: { 200: json(changedForm, 'The device now'), default: problems },
})

const classesChanged = createRoute({
  method: 'put',
  path: '/registry/devices/{device}/classes',
  summary: 'Replaces the classes of a device',
  request: { ...named, body: json(classesForm) },
  responses: { 200: json(changedForm, 'The device now'), default: problems },
})

const certificateRevoked = createRoute({
  method: 'post',
  path: '/registry/devices/{device}/revoke-certificate',
  summary: 'Revokes one certificate for good; the device stays as it is',
  request: { ...named, body: json(certificateForm) },
  responses: { 200: json(published, 'What the trust stores say'), default: problems },
})

const classesListed = createRoute({
  method: 'get',
  path: '/registry/classes',
  summary: 'Classes that are suspended',
  responses: {
    200: json(
      z.object({
        suspended: z.array(
          z.object({ class: z.string(), at: z.int(), by: z.string(), because: z.string() }),
        ),
      }),
      'All of them',
    ),
    default: problems,
  },
})

const classSuspended = createRoute({
  method: 'post',
  path: '/registry/classes/{class}/suspend',
  summary: 'Suspends every device of a class, those to come among them',
  request: { ...namedClass, body: json(z.strictObject({ because })) },
  responses: { 200: json(published, 'What the trust stores say'), default: problems },
})

const classResumed = createRoute({
  method: 'post',
  path: '/registry/classes/{class}/resume',
  summary: 'Ends the suspension of a class; devices suspended one by one stay so',
  request: namedClass,
  responses: { 200: json(published, 'What the trust stores say'), default: problems },
})
