// What a publish command does: carries one file to where the target takes it.
import { readFile } from 'node:fs/promises'

const { SALLYPORT_FILE: file = '', SALLYPORT_NAME: name = '', INBOX: inbox = '' } = process.env
const response = await fetch(`${inbox}/${name}`, { method: 'PUT', body: await readFile(file) })
process.exit(response.ok ? 0 : 1)
