#!/usr/bin/env node
// The command's first step: TypeScript runs as it stands from Node 24 on, and an older Node could
// not even say what it lacks. npm scripts find the right one first (the package `node`).
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `sallyport needs Node 24 or newer; this is ${process.version}. ` +
      'Inside the project: npm start, or npm run sallyport -- --help.',
  )
  process.exit(2)
}
await import('./main.ts')
