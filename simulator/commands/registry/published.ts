import { counted, plain, print } from '../trust-store/print.ts'
import type { Published } from './forms.ts'

/** What each trust store refuses now; status 1 where one was not told. */
export function printPublished(published: Published): void {
  for (const { store, entries, failure } of published) {
    if (failure === undefined) {
      print(`${plain(store)}: refuses ${counted(entries, 'certificate')} by the registry's word\n`)
    } else {
      process.exitCode = 1
      console.error(
        `sallyport: the trust store ${plain(store)} was not told, and will be asked again: ${plain(failure)}`,
      )
    }
  }
}
