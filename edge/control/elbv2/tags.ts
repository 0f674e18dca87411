import type { Tag } from '../listeners.ts'
import { resourceOf } from './arns.ts'
import { requireScope, requireScopeOnAll, storeByArn, type Call, type Operation } from './call.ts'
import {
  AwsFault,
  malformed,
  optionalText,
  optionalTrees,
  requiredText,
  requiredTexts,
} from './input.ts'
import { listenerByArn } from './named-listener.ts'
import type { QueryTree } from './query.ts'
import type { Scope } from '../tokens.ts'
import type { XmlValue } from './xml.ts'

/** AWS: 50 tags a resource; 20 resources a request. */
const tagsMax = 50
const resourcesMax = 20

export const tagOperations = {
  AddTags: { changes: true, run: add },
  RemoveTags: { changes: true, run: remove },
  DescribeTags: { changes: false, run: describe },
} as const satisfies Record<string, Operation>

/** `Tags` of a request: each key once, and none of AWS's own. Throws an AwsFault otherwise. */
export function tagsOfInput(input: QueryTree): readonly Tag[] {
  const tags = optionalTrees(input, 'Tags', 2 * tagsMax).map(tagOf)
  if (tags.length > tagsMax) throw tooMany()
  const keys = new Set(tags.map(({ key }) => key))
  if (keys.size === tags.length) return tags
  throw new AwsFault('DuplicateTagKeys', 'A tag key was specified more than once')
}

const tooMany = (): AwsFault =>
  new AwsFault('TooManyTags', `A resource has at most ${tagsMax} tags`)

/** ELBv2: keys of 1 to 128 characters, values of at most 256; `aws:` is AWS's own prefix. */
function tagOf(tree: QueryTree): Tag {
  const key = requiredText(tree, 'Key')
  const value = optionalText(tree, 'Value') ?? ''
  if (key.length > 128 || /^aws:/i.test(key)) {
    throw malformed('Tags', 'keys of at most 128 characters that do not begin with aws:')
  }
  if (value.length > 256) throw malformed('Tags', 'values of at most 256 characters')
  return { key, value }
}

async function add(call: Call): Promise<XmlValue> {
  const tags = tagsOfInput(call.input)
  if (tags.length === 0)
    throw new AwsFault('ValidationError', 'The request must contain the parameter Tags')
  const { directory } = call.plane
  const resources = await resourcesOf(call, 'write')
  // All of them are looked at before any is touched.
  for (const { id } of resources) {
    const keys = [...(await directory.tags(id)), ...tags].map(({ key }) => key)
    if (new Set(keys).size > tagsMax) throw tooMany()
  }
  for (const { id } of resources) {
    const added = await directory.addTags(id, tags)
    if (!added.ok) throw tooMany()
  }
  return {}
}

async function remove(call: Call): Promise<XmlValue> {
  const keys = requiredTexts(call.input, 'TagKeys', tagsMax)
  for (const { id } of await resourcesOf(call, 'write')) {
    await call.plane.directory.removeTags(id, keys)
  }
  return {}
}

async function describe(call: Call): Promise<XmlValue> {
  const resources = await resourcesOf(call, 'read')
  const described = resources.map(async ({ arn, id }) => {
    const tags = await call.plane.directory.tags(id)
    return { ResourceArn: arn, Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) }
  })
  return { TagDescriptions: await Promise.all(described) }
}

/** All of `ResourceArns`, before any of them is touched. */
function resourcesOf(
  call: Call,
  scope: Scope,
): Promise<readonly { readonly arn: string; readonly id: string }[]> {
  requireScope(call, scope)
  const arns = requiredTexts(call.input, 'ResourceArns', resourcesMax)
  return Promise.all(arns.map(async (arn) => ({ arn, id: await idOf(call, arn, scope) })))
}

async function idOf(call: Call, arn: string, scope: Scope): Promise<string> {
  const resource = resourceOf(call.where, arn) ?? ''
  if (resource.startsWith('listener/')) {
    if (scope !== 'read') requireScopeOnAll(call, scope)
    return (await listenerByArn(call, arn)).id
  }
  return (await storeByArn(call, arn, scope)).id
}
