import { expect, test } from 'vitest'
import { contentDigest } from '#edge/evidence/content-digest.ts'
import { toUtf8 } from '#shared/bytes.ts'

/** RFC 9530 appendix B.1 (its content ends with a line feed), and the SHA-256 of nothing. */
test.each([
  ['{"hello": "world"}\n', 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:'],
  ['', 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'],
])('the digest of %j', async (body, value) => {
  expect(await contentDigest(toUtf8(body))).toBe(value)
})
