/** Something at odds inside a scenario of the right shape. `path` in the file's own words. */
export interface Discord {
  readonly path: readonly (string | number)[]
  readonly message: string
}
