import packageJson from 'sallyport/package.json' with { type: 'json' }

/**
 * What to say where a package of the simulator is not installed, or undefined for any other error.
 * The library does without them, so they do not come with it: optional peers in `package.json`.
 */
export function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error)) return undefined
  const [, name] = /^Cannot find package '([^']+)'/.exec(error.message) ?? []
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || name === undefined) return undefined
  if (!(name in packageJson.peerDependenciesMeta)) return undefined
  return `sallyport: the package ${name} is not installed: the simulator's packages do not come with the library. Install them beside it:\n\n  npm install --no-save ${installable()}`
}

/** The optional peers, in the versions that are tested. */
function installable(): string {
  const versions: Readonly<Record<string, string>> = packageJson.devDependencies
  const optional = Object.keys(packageJson.peerDependenciesMeta)
  return optional.map((name) => `${name}@${versions[name]}`).join(' ')
}
