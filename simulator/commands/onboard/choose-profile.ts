import { profiles, type DeviceProfile } from '#shared/enrollment/profile.ts'
import { messageOf, unusable } from '../options.ts'
import { namedProfile } from './named-profile.ts'

/** What `--profile` takes. */
export const profileExpected = `${Object.keys(profiles).join(', ')}, or the YAML file of your own`

/** The profile that `--profile` names; ends the command where it names none. */
export async function chooseProfile(nameOrFile: string): Promise<DeviceProfile> {
  const named = namedProfile(nameOrFile)
  if (named !== undefined) return named
  if (!/[./\\]/.test(nameOrFile)) {
    return unusable(`--profile ${nameOrFile}: expected ${profileExpected}`)
  }
  // YAML is a package of the simulator, which the project's own profiles do without.
  const { readProfileFile } = await import('./profile-file.ts')
  const read = await readProfileFile(nameOrFile).catch((error: unknown) =>
    unusable(messageOf(error)),
  )
  return read.ok ? read.value : unusable(read.error)
}
