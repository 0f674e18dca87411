/** A file that lines of the event log are written into, in some form. */
export interface LineFile {
  /** Writes them, and is done when they are; called again only then. */
  write(lines: readonly string[]): Promise<void>
  /** Nothing comes any more: what is left is written, and the file is closed. */
  end(): Promise<void>
}
